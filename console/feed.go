package console

import (
	"sync"

	"github.com/gavel-rules/gavel/event"
)

// Feed is what the console hears of the engine as it happens. Its methods
// return at once, whoever listens.
type Feed struct{ tail *tail }

// NewFeed returns a Feed that nothing has happened on.
func NewFeed() *Feed { return &Feed{tail: newTail()} }

// EventTaken tells of an event that was stored.
func (f *Feed) EventTaken(rec *event.Record) { f.tail.publish(rec) }

// RunChanged tells of a run that was recorded in a new state.
func (f *Feed) RunChanged() { f.tail.changed() }

// Changed tells that something else the pages show has changed.
func (f *Feed) Changed() { f.tail.changed() }

// Close ends all live views.
func (f *Feed) Close() { f.tail.close() }

// tail hands events to live views. A view that is too slow misses some and is
// told how many; intake never waits.
type tail struct {
	mu     sync.RWMutex
	views  map[*view]struct{}
	closed chan struct{}
	once   sync.Once
}

// maxViews bounds how many live views are open at once.
const maxViews = 64

// viewBuffer is how many events a view may lag behind.
const viewBuffer = 256

// view is one open live view.
type view struct {
	events chan *event.Record
	// pulse holds one token when something has changed since it was last taken.
	pulse  chan struct{}
	mu     sync.Mutex
	missed int
}

func newTail() *tail { return &tail{views: map[*view]struct{}{}, closed: make(chan struct{})} }

// open returns a view, or nil when there are too many.
func (t *tail) open() *view {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.views) >= maxViews {
		return nil
	}
	v := &view{events: make(chan *event.Record, viewBuffer), pulse: make(chan struct{}, 1)}
	t.views[v] = struct{}{}
	return v
}

func (t *tail) leave(v *view) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.views, v)
}

func (t *tail) publish(rec *event.Record) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for v := range t.views {
		select {
		case v.events <- rec:
		default:
			v.miss(1)
		}
		v.wake()
	}
}

func (t *tail) changed() {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for v := range t.views {
		v.wake()
	}
}

func (t *tail) close() { t.once.Do(func() { close(t.closed) }) }

func (v *view) wake() {
	select {
	case v.pulse <- struct{}{}:
	default:
	}
}

func (v *view) miss(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.missed += n
}

// takeMissed returns how many events were missed since it was last asked.
func (v *view) takeMissed() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := v.missed
	v.missed = 0
	return n
}
