package app

import (
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
)

// observers tells several listeners what the engine does, one after the other.
type observers []engine.Observer

// EventTaken implements engine.Observer.
func (o observers) EventTaken(ev *event.Event, receipt event.Receipt, matched int) {
	for _, each := range o {
		each.EventTaken(ev, receipt, matched)
	}
}

// AttemptEnded implements engine.Observer.
func (o observers) AttemptEnded(run *event.Run, attempt *event.Attempt) {
	for _, each := range o {
		each.AttemptEnded(run, attempt)
	}
}

// RunChanged implements engine.Observer.
func (o observers) RunChanged(run *event.Run) {
	for _, each := range o {
		each.RunChanged(run)
	}
}

// Claimed implements engine.Observer.
func (o observers) Claimed(count int, took time.Duration) {
	for _, each := range o {
		each.Claimed(count, took)
	}
}

// pulse remembers when the engine last looked for due runs, which it does at
// least once a second. The readiness probe asks it whether the workers live.
type pulse struct {
	engine.Observer
	now  func() time.Time
	last atomic.Int64 // UnixNano; 0 before the first look
}

// Claimed implements engine.Observer.
func (p *pulse) Claimed(count int, took time.Duration) {
	p.last.Store(p.now().UnixNano())
	p.Observer.Claimed(count, took)
}

// silence returns how long ago the last look was; 0 before the first.
func (p *pulse) silence() time.Duration {
	last := p.last.Load()
	if last == 0 {
		return 0
	}
	return p.now().Sub(time.Unix(0, last))
}
