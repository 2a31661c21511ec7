package params

import (
	"sync"
	"time"
)

// Sent is what an attempt sends besides its request.
type Sent struct {
	IdempotencyKey, MessageID string
	Headers                   map[string]string
}

// Exchange collects what an attempt sends and receives, for the history. A nil
// Exchange collects nothing. It is safe for concurrent use.
type Exchange struct {
	mu           sync.Mutex
	begun, first time.Time
	sent         Sent
	reply        any
}

// Begin starts a call and forgets an earlier one.
func (x *Exchange) Begin() {
	x.change(func() { x.begun, x.first, x.sent, x.reply = time.Now(), time.Time{}, Sent{}, nil })
}

// FirstByte says that the reply begins now.
func (x *Exchange) FirstByte() {
	x.change(func() {
		if x.first.IsZero() {
			x.first = time.Now()
		}
	})
}

// Sent says what was sent besides the request. Secrets of the action must be
// hidden in it.
func (x *Exchange) Sent(sent Sent) { x.change(func() { x.sent = sent }) }

// Answered says what to show of the reply instead of the action's result. It is
// encoded as JSON; secrets of the action must be hidden in it.
func (x *Exchange) Answered(reply any) { x.change(func() { x.reply = reply }) }

func (x *Exchange) change(do func()) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	do()
}

// Collected is what an Exchange has collected.
type Collected struct {
	Sent
	// FirstByte is the time until the reply began, Took that until now; 0 if
	// there was no reply or no call.
	FirstByte, Took time.Duration
	Reply           any // nil: the result is all there is to show
}

// Collected returns what was collected.
func (x *Exchange) Collected() Collected {
	var c Collected
	x.change(func() {
		if x.begun.IsZero() {
			return
		}
		c = Collected{Sent: x.sent, Took: time.Since(x.begun), Reply: x.reply}
		if !x.first.IsZero() {
			c.FirstByte = x.first.Sub(x.begun)
		}
	})
	return c
}
