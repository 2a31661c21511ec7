package app

import (
	"time"

	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
)

// consoleFeed tells the console what the engine does.
type consoleFeed struct {
	feed    *live.Feed
	private privacy.Fields
}

// EventTaken implements engine.Observer.
func (f consoleFeed) EventTaken(ev *event.Event, receipt event.Receipt, _ int) {
	shown, err := f.private.Event(ev)
	if err != nil {
		return // not possible: it was decoded before
	}
	f.feed.EventTaken(&event.Record{
		Seq: receipt.Seq, Event: shown, Late: receipt.Late, Deliveries: 1, LastSeen: ev.Received, Runs: receipt.Created,
	})
}

// AttemptEnded implements engine.Observer.
func (consoleFeed) AttemptEnded(*event.Run, *event.Attempt) {}

// RunChanged implements engine.Observer.
func (f consoleFeed) RunChanged(*event.Run) { f.feed.RunChanged() }

// Claimed implements engine.Observer.
func (consoleFeed) Claimed(int, time.Duration) {}
