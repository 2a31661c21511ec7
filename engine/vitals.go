package engine

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// deaf is how long the dispatcher may be busy with one look into the store.
	deaf = 30 * time.Second
	// slack is what a worker may need besides the longest time of one try.
	slack = time.Minute
)

// vitals are the signs of life of an engine, as moments in nanoseconds.
type vitals struct {
	turned  atomic.Int64 // when the dispatcher last came round; 0 before the start
	moved   atomic.Int64 // when a worker last began or ended something
	busy    atomic.Int64 // workers with a task
	longest atomic.Int64 // longest time that a try was given
}

func (v *vitals) turn(now time.Time) { v.turned.Store(now.UnixNano()) }

func (v *vitals) move(now time.Time, busy int64) {
	v.moved.Store(now.UnixNano())
	v.busy.Add(busy)
}

// try notes that a try begins, and how long it may take.
func (v *vitals) try(now time.Time, timeout time.Duration) {
	v.move(now, 0)
	for {
		known := v.longest.Load()
		if int64(timeout) <= known || v.longest.CompareAndSwap(known, int64(timeout)) {
			return
		}
	}
}

// Ailment says in words why no work is done, or nothing when the engine works.
// Work that cannot be done because a destination is slow or the store is away
// is none: the engine lives and waits.
func (e *Engine) Ailment() string {
	now := e.opts.Now().UnixNano()
	if turned := e.vitals.turned.Load(); turned != 0 && now-turned > int64(deaf+e.opts.Poll) {
		return fmt.Sprintf("the engine has not looked for due runs for %s", since(now, turned))
	}
	// Held up for longer than any try may take, all of them at once.
	most := e.vitals.longest.Load() + int64(slack)
	if moved := e.vitals.moved.Load(); e.vitals.busy.Load() >= int64(e.opts.Workers) && now-moved > most {
		return fmt.Sprintf("all %d workers have been stuck for %s", e.opts.Workers, since(now, moved))
	}
	return e.refusals.ailment()
}

func since(now, then int64) time.Duration { return time.Duration(now - then).Round(time.Second) }
