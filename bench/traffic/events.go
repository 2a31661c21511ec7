package traffic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
)

// What all events have, and how often one starts an action.
const (
	ReceiverPath    = "/webhooks/cirrus-insight"
	SignatureHeader = "X-Cirrus-Signature"
	// SigningSecret signs all events; every contender gets it.
	SigningSecret = "bench-signing-secret"
	// SomeActions makes every fifth event one that a rule answers, OnlyActions
	// every event.
	SomeActions = 5
	OnlyActions = 1
)

// Delivery is one event, ready to be written to a connection.
type Delivery struct {
	ID      string
	Request []byte
	Acted   bool // a rule starts an action for it
}

// canceledAfter is how many events lie, at least, between a meeting's first
// event and its cancellation: more than are under way at once.
const canceledAfter = 64

// Deliveries makes n events with ids of their own, every actionEach-th with an
// action. All is written and signed before the clock starts. Ids are random
// UUIDs, as the vendor's are, which the seed alone decides. A scheduled event is
// about a meeting of its own; an event with an action cancels the meeting of an
// earlier one, or of one never heard of where there is none.
func Deliveries(n int, seed, host string, actionEach int) ([]Delivery, error) {
	random := rand.NewChaCha8(sha256.Sum256([]byte(seed)))
	first := time.Now().Add(-time.Duration(n) * time.Millisecond)
	list := make([]Delivery, n)
	meetings := make([]string, n)
	for i := range list {
		d := &list[i]
		d.ID, meetings[i] = uuid(random), uuid(random)
		d.Acted = i%actionEach == 0
		eventType := event.TypeScheduled
		if d.Acted {
			eventType = event.TypeCanceled
			if of := scheduledBefore(i, actionEach); of >= 0 {
				meetings[i] = meetings[of]
			}
		}
		body, err := sample.Body(eventType, d.ID, first.Add(time.Duration(i)*time.Millisecond))
		if err != nil {
			return nil, err
		}
		if body, err = sample.Set(body, "meeting.id", meetings[i]); err != nil {
			return nil, err
		}
		d.Request = signedRequest(host, body)
	}
	return list, nil
}

// scheduledBefore returns which scheduled event the one at i cancels, or -1.
func scheduledBefore(i, actionEach int) int {
	if actionEach == 1 {
		return -1
	}
	i -= canceledAfter
	for i >= 0 && i%actionEach == 0 {
		i--
	}
	return max(i, -1)
}

// uuid makes a random UUID (version 4).
func uuid(random *rand.ChaCha8) string {
	var b [16]byte
	_, _ = random.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func signedRequest(host string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(SigningSecret))
	mac.Write(body)
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n",
		ReceiverPath, host, SignatureHeader, hex.EncodeToString(mac.Sum(nil)), len(body))
	return append([]byte(head), body...)
}
