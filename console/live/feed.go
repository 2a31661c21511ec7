// Package live sends what happens to those who look on, as server-sent events.
package live

import (
	"sync"
	"sync/atomic"

	"github.com/gavel-rules/gavel/event"
)

// Feed is what the console hears of the engine as it happens. Its methods
// return at once, whoever listens.
type Feed struct{ tail *tail }

// NewFeed returns a Feed that nothing has happened on.
func NewFeed() *Feed { return &Feed{tail: newTail()} }

// EventTaken reports an event that was stored. What it costs does not depend
// on how many look on.
func (f *Feed) EventTaken(rec *event.Record) { f.tail.publish(rec) }

// RunChanged reports a run that was recorded in a new state.
func (f *Feed) RunChanged() { f.tail.changes.Add(1) }

// Changed tells that something else the pages show has changed.
func (f *Feed) Changed() { f.tail.changes.Add(1) }

// Close ends all live views.
func (f *Feed) Close() { f.tail.close() }

// tail keeps the newest events for live views, all of which read the same
// ones. A view that is too slow misses some and is told how many; intake never
// waits, and what is kept does not grow.
type tail struct {
	mu    sync.Mutex
	views int
	told  uint64           // how many events there have been while somebody looked
	ring  [tailKept]*Event // event n is at n modulo its length

	changes atomic.Uint64 // how often something has changed
	closed  chan struct{}
	once    sync.Once
}

const (
	// maxViews bounds how many live views are open at once.
	maxViews = 64
	// tailKept is how many events a view may lag behind.
	tailKept = 256
)

// Event is an event that live views show. What it looks like is made once
// for all of them, when the first one needs it.
type Event struct {
	*event.Record
	Text, Row Rendering
}

// Rendering is one look of an event.
type Rendering struct {
	once sync.Once
	text string
	err  error
}

func (r *Rendering) Get(render func() (string, error)) (string, error) {
	r.once.Do(func() { r.text, r.err = render() })
	return r.text, r.err
}

// View is one open live view. It is used by one goroutine.
type View struct {
	tail    *tail
	told    uint64 // how far it has got in the tail
	changes uint64
}

func newTail() *tail { return &tail{closed: make(chan struct{})} }

// open returns a view of what comes from now on, or nil when there are too
// many.
func (t *tail) open() *View {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.views >= maxViews {
		return nil
	}
	t.views++
	return &View{tail: t, told: t.told, changes: t.changes.Load()}
}

// leave gives the place of one view back. Nothing is kept for nobody.
func (t *tail) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.views--; t.views == 0 {
		clear(t.ring[:])
	}
}

func (t *tail) publish(rec *event.Record) {
	t.changes.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.views > 0 {
		t.ring[t.told%tailKept] = &Event{Record: withoutBody(rec)}
		t.told++
	}
}

// withoutBody leaves out what no list shows and may be large.
func withoutBody(rec *event.Record) *event.Record {
	ev, out := rec.Event, *rec
	out.Event = &event.Event{Envelope: ev.Envelope, Meeting: ev.Meeting, Change: ev.Change, Test: ev.Test, Received: ev.Received}
	return &out
}

func (t *tail) close() { t.once.Do(func() { close(t.closed) }) }

// Take returns the events since the last time, oldest first, and how many
// before them are gone.
func (v *View) Take() (events []*Event, missed int) {
	t := v.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	if behind := t.told - v.told; behind > tailKept {
		missed = int(behind - tailKept) //nolint:gosec // a view is told every quarter of a second
		v.told = t.told - tailKept
	}
	for ; v.told < t.told; v.told++ {
		events = append(events, t.ring[v.told%tailKept])
	}
	return events, missed
}

// Changed says whether something has changed since it was last asked.
func (v *View) Changed() bool {
	now := v.tail.changes.Load()
	was := v.changes
	v.changes = now
	return now != was
}
