package engine

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// outcomeOf tells a request that failed from one of which that is not known.
func outcomeOf(f *event.Failure) event.Outcome {
	if f.Arrival == event.ArrivalUnknown {
		return event.OutcomeUnknown
	}
	return event.OutcomeFailed
}

// arrived says in the words of a failure what is known of the request, where
// that is not plain from the failure itself.
func arrived(f *event.Failure) string {
	switch {
	case f.Arrival == event.ArrivalUnknown:
		return "; the request may have arrived"
	case f.Arrival == event.ArrivalNotSent && (f.Cause == event.CauseTimeout || f.Cause == event.CauseNetwork):
		return "; nothing was sent"
	}
	return ""
}

// retryPause returns the pause after the given number of failed tries:
// doubling from r.Initial up to r.Longest, each ± 20 % so that runs that failed
// together do not come back together.
func retryPause(r rules.Retry, tries int) time.Duration {
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
