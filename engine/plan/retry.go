package plan

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// OutcomeOf returns failed, or unknown if the request may have arrived.
func OutcomeOf(f *event.Failure) event.Outcome {
	if f.Arrival == event.ArrivalUnknown {
		return event.OutcomeUnknown
	}
	return event.OutcomeFailed
}

// Arrived says whether the request arrived, where the failure does not make it
// clear.
func Arrived(f *event.Failure) string {
	switch {
	case f.Arrival == event.ArrivalUnknown:
		return "; the request may have arrived"
	case f.Arrival == event.ArrivalNotSent && (f.Cause == event.CauseTimeout || f.Cause == event.CauseNetwork):
		return "; nothing was sent"
	}
	return ""
}

// RetryPause returns the pause after the given number of failed attempts: it
// doubles from r.Initial to r.Longest, ± 20 % so that runs that failed together
// are not retried together.
func RetryPause(r rules.Retry, tries int) time.Duration {
	b := &backoff.ExponentialBackOff{
		InitialInterval: r.Initial, RandomizationFactor: 0.2, Multiplier: 2, MaxInterval: max(r.Longest, r.Initial),
	}
	b.Reset()
	var pause time.Duration
	for range max(1, min(tries, 64)) {
		pause = b.NextBackOff()
	}
	return pause
}
