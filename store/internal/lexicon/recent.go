package lexicon

import (
	"sync"

	"github.com/gavel-rules/gavel/event"
)

// maxRecent bounds how many events are remembered, maxBody the size of each, and
// maxBodies that of all, in bytes: what is larger is read again.
const (
	maxRecent = 2048
	maxBody   = 16 << 10
	maxBodies = 4 << 20
)

// Recent remembers events that were just stored until they are indexed, so that
// they need not be read and decoded for it. It remembers none until it is asked
// the first time.
type Recent struct {
	mu       sync.Mutex
	events   map[int64]*event.Event // by number; nil until the first question
	bodies   int                    // bytes
	erasures int64
}

// Put remembers a stored event, unless there are too many.
func (r *Recent) Put(seq int64, ev *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events != nil && len(r.events) < maxRecent && len(ev.Body) <= maxBody && r.bodies+len(ev.Body) <= maxBodies {
		r.events[seq] = ev
		r.bodies += len(ev.Body)
	}
}

// Behind forgets the events up to a number, and returns a function for the
// others. erasures is how often stored events were erased or deleted: when that
// has changed, what is remembered may be what was erased, and all is forgotten.
func (r *Recent) Behind(indexed, erasures int64) (known func(seq int64) *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events == nil || r.erasures != erasures {
		r.events, r.bodies, r.erasures = map[int64]*event.Event{}, 0, erasures
	}
	for seq, ev := range r.events {
		if seq <= indexed {
			r.bodies -= len(ev.Body)
			delete(r.events, seq)
		}
	}
	return func(seq int64) *event.Event {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.events[seq]
	}
}
