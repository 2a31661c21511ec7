package app

import (
	"context"
	"net/netip"
	"time"

	"github.com/gavel-rules/gavel/app/clock"
	"github.com/gavel-rules/gavel/app/health"
	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

// sink hands events from the receiver to the engine.
type sink struct {
	engine  *engine.Engine
	metrics *metrics.Metrics
	drifts  *health.Drifts
	clock   *clock.Clock
}

func (s sink) Take(ctx context.Context, ev *event.Event) (receiver.Outcome, error) {
	s.clock.Receive(ev)
	receipt, err := s.engine.Take(ctx, ev)
	if err != nil {
		return "", err
	}
	s.metrics.Took(ev, receipt)
	if !receipt.Duplicate {
		s.drifts.Took(ev)
	}
	if receipt.Duplicate {
		return receiver.Duplicate, nil
	}
	return receiver.Accepted, nil
}

// refused counts a request that the receiver refused.
func (a *App) refused(reason receiver.Reason, source netip.Prefix, at time.Time) {
	a.refusals.Refused(string(reason), source, at)
}
