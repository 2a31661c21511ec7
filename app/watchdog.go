package app

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/watchdog"
)

// newWatchdog creates the watchdog of the event source.
func (a *App) newWatchdog(now func() time.Time) *watchdog.Watchdog {
	return watchdog.New(watchdog.Options{
		History: sourceHistory{a.store}, Every: a.opts.ExpectEventEvery, Log: a.log,
		Changed: a.watch.feed.Changed, Now: now,
	})
}

// sourceHistory is the store as the watchdog reads it.
type sourceHistory struct{ store store.Store }

// LastEvent implements watchdog.History.
func (h sourceHistory) LastEvent(ctx context.Context) (time.Time, error) {
	return h.newest(ctx, event.EventFilter{Sent: true, Limit: 1})
}

// Validated implements watchdog.History.
func (h sourceHistory) Validated(ctx context.Context) (time.Time, error) {
	return h.newest(ctx, event.EventFilter{Type: event.TypeWebhookTest, Limit: 1})
}

// EventHours implements watchdog.History.
func (h sourceHistory) EventHours(ctx context.Context, since time.Time) ([]time.Time, error) {
	return h.store.EventHours(ctx, since)
}

func (h sourceHistory) newest(ctx context.Context, f event.EventFilter) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
	defer cancel()
	list, err := h.store.Events(ctx, f)
	if err != nil || len(list) == 0 {
		return time.Time{}, err
	}
	return list[0].Event.Received, nil
}

// sourceTimeout bounds one store query of the watchdog.
const sourceTimeout = 10 * time.Second

// gateObserver passes the receiver's answers to the metrics and the watchdog.
type gateObserver struct {
	*metrics.Metrics
	watchdog *watchdog.Watchdog
}

// Accepted implements receiver.Observer.
func (o gateObserver) Accepted(took time.Duration) {
	o.Metrics.Accepted(took)
	o.watchdog.Good()
}

// Duplicate implements receiver.Observer.
func (o gateObserver) Duplicate(took time.Duration) {
	o.Metrics.Duplicate(took)
	o.watchdog.Good()
}

// Rejected implements receiver.Observer.
func (o gateObserver) Rejected(reason receiver.Reason, took time.Duration) {
	o.Metrics.Rejected(reason, took)
	if reason == receiver.ReasonSignature {
		o.watchdog.Bad()
	}
}
