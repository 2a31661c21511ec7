package app

import (
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/facts"
)

// observers passes what the engine does to several observers in turn.
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

// taken keeps the facts of the events that this process stores.
type taken struct {
	engine.Observer
	facts *facts.Keeper
}

// EventTaken implements engine.Observer.
func (t *taken) EventTaken(ev *event.Event, receipt event.Receipt, matched int) {
	if !receipt.Duplicate {
		t.facts.Took(ev, receipt.Seq)
	}
	t.Observer.EventTaken(ev, receipt, matched)
}
