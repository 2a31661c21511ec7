package engine

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gavel-rules/gavel/rules"
)

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
