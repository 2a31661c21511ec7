package rehearse

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Bounds are how much a back-test may read, keep and say. Zero means no bound.
type Bounds struct {
	Events int
	// Open is how many runs may wait at a time: they are kept in memory.
	Open int
	// Time is how long it may take.
	Time time.Duration
	// ExampleBytes bounds the examples of all rules together.
	ExampleBytes int
}

// errCut ends the reading of events.
var errCut = errors.New("the bounds of the back-test are reached")

// passed returns why a back-test takes no further event; empty if it goes on.
func (l *Bounds) passed(b *backtest) string {
	open := len(b.now.tally.asleep) + len(b.pairs.open)
	if b.then != nil {
		open += len(b.then.tally.asleep)
	}
	switch {
	case l.Events > 0 && b.out.Events >= l.Events:
		return fmt.Sprintf("it ended after %d events, which is the most", l.Events)
	case l.Open > 0 && open >= l.Open:
		return fmt.Sprintf("it ended when %d runs waited at a time, which is the most", l.Open)
	case l.Time > 0 && time.Since(b.begun) > l.Time:
		return fmt.Sprintf("it ended after %s, which is the longest", l.Time)
	}
	return ""
}

// room is how many bytes of examples may be kept; nil means no limit.
type room struct{ limit, used int }

// take reports whether there is room for n more bytes, and takes it.
func (r *room) take(n int) bool {
	if r == nil || r.limit == 0 {
		return true
	}
	if r.used+n > r.limit {
		return false
	}
	r.used += n
	return true
}

// disguised returns what was really sent as it is compared.
func (b *backtest) disguised(request json.RawMessage) json.RawMessage {
	if b.opts.Disguise == nil {
		return request
	}
	return b.opts.Disguise(request)
}
