package lexicon

import (
	"sync"

	"github.com/gavel-rules/gavel/event"
)

// maxRecent bounds how many events are remembered, maxBody the size of each in
// bytes: larger ones are read again.
const (
	maxRecent = 2048
	maxBody   = 16 << 10
)

// Recent remembers events that were just stored until they are indexed, so that
// they need not be read and decoded for it. It remembers none until it is asked
// the first time.
type Recent struct {
	mu       sync.Mutex
	events   map[int64]*event.Event // by number; nil until the first question
	erasures int64
}

// Put remembers a stored event, unless there are too many.
func (r *Recent) Put(seq int64, ev *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events != nil && len(r.events) < maxRecent && len(ev.Body) <= maxBody {
		r.events[seq] = ev
	}
}

// Behind forgets the events up to a number, and returns a function for the
// others. erasures is how often stored events were erased or deleted: when that
// has changed, what is remembered may be what was erased, and all is forgotten.
func (r *Recent) Behind(indexed, erasures int64) (known func(seq int64) *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events == nil || r.erasures != erasures {
		r.events, r.erasures = map[int64]*event.Event{}, erasures
	}
	for seq := range r.events {
		if seq <= indexed {
			delete(r.events, seq)
		}
	}
	return func(seq int64) *event.Event {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.events[seq]
	}
}
