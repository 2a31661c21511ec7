package app

import (
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/facts"
)

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
