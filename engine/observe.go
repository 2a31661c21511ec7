package engine

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Observer is notified of events, runs and attempts, for metrics and live views.
// Its methods must return quickly and be safe for concurrent use.
type Observer interface {
	// EventTaken is called once per accepted delivery, after it is stored.
	EventTaken(ev *event.Event, receipt event.Receipt, matched int)
	// AttemptEnded is called after an attempt was recorded.
	AttemptEnded(run *event.Run, attempt *event.Attempt)
	// RunChanged is called after a run's new state was recorded.
	RunChanged(run *event.Run)
	// Claimed is called after each look for due runs.
	Claimed(count int, took time.Duration)
}

type silent struct{}

func (silent) EventTaken(*event.Event, event.Receipt, int) {}
func (silent) AttemptEnded(*event.Run, *event.Attempt)     {}
func (silent) RunChanged(*event.Run)                       {}
func (silent) Claimed(int, time.Duration)                  {}
