// Package live sends what happens to viewers, as server-sent events.
package live

import (
	"sync"
	"sync/atomic"

	"github.com/gavel-rules/gavel/event"
)

// Feed receives what the engine does, for the console. Its methods return at
// once, however many viewers there are.
type Feed struct{ tail *tail }

// NewFeed returns an empty Feed.
func NewFeed() *Feed { return &Feed{tail: newTail()} }

// EventTaken reports a stored event. Its cost does not depend on the number of
// viewers.
func (f *Feed) EventTaken(rec *event.Record) { f.tail.publish(rec) }

// RunChanged reports a run that was recorded in a new state.
func (f *Feed) RunChanged() { f.tail.changes.Add(1) }

// Changed reports that something else on the pages has changed.
func (f *Feed) Changed() { f.tail.changes.Add(1) }

// Close ends all live views.
func (f *Feed) Close() { f.tail.close() }

// tail keeps the newest events, which all live views share. A view that is too
// slow misses some and is told how many; intake never waits, and memory is
// bounded.
type tail struct {
	mu    sync.Mutex
	views int
	told  uint64           // number of events while there were views
	ring  [tailKept]*Event // event n is at n modulo its length

	changes atomic.Uint64 // number of changes
	closed  chan struct{}
	once    sync.Once
}

const (
	// maxViews bounds how many live views are open at once.
	maxViews = 64
	// tailKept is how many events a view may lag behind.
	tailKept = 256
)

// Event is an event in live views. It is rendered once for all of them, when
// the first one needs it.
type Event struct {
	*event.Record
	Text, Row Rendering
}

// Rendering is one rendered form of an event.
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
	told    uint64 // the number of the last event taken
	changes uint64
}

func newTail() *tail { return &tail{closed: make(chan struct{})} }

// open returns a view of new events, or nil when there are too many views.
func (t *tail) open() *View {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.views >= maxViews {
		return nil
	}
	t.views++
	return &View{tail: t, told: t.told, changes: t.changes.Load()}
}

// leave releases the place of one view. Without views nothing is kept.
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

// withoutBody removes the body, which lists do not show and which may be large.
func withoutBody(rec *event.Record) *event.Record {
	ev, out := rec.Event, *rec
	out.Event = &event.Event{Envelope: ev.Envelope, Meeting: ev.Meeting, Change: ev.Change, Test: ev.Test, Own: ev.Own, Received: ev.Received}
	return &out
}

func (t *tail) close() { t.once.Do(func() { close(t.closed) }) }

// Take returns the events since the last call, oldest first, and how many
// before them are lost.
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

// Changed reports whether something has changed since the last call.
func (v *View) Changed() bool {
	now := v.tail.changes.Load()
	was := v.changes
	v.changes = now
	return now != was
}
