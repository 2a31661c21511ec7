package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/gavel-rules/gavel/event"
)

const (
	// firstReopen and longestReopen bound the pauses between two attempts to
	// open an unavailable database.
	firstReopen   = 500 * time.Millisecond
	longestReopen = 5 * time.Second
	tellEvery     = 5 * time.Second
)

// WhileAway retries open for up to patience while its error may be temporary:
// a database server that is starting, has no free connection or cannot be
// reached, or a disk that is full or not mounted yet.
func WhileAway[T any](ctx context.Context, patience time.Duration, log *slog.Logger, open func() (T, error)) (T, error) {
	begun := time.Now()
	pauses := &backoff.ExponentialBackOff{InitialInterval: firstReopen, RandomizationFactor: 0.2, Multiplier: 2, MaxInterval: longestReopen}
	pauses.Reset()
	for {
		opened, err := Telling(func(elapsed time.Duration) {
			log.Info("still opening the database; migrating or checking a large one takes a while", "elapsed", elapsed.String())
		}, open)
		if err == nil || !errors.Is(err, event.ErrUnavailable) || patience <= 0 {
			return opened, err
		}
		pause := pauses.NextBackOff()
		waited := time.Since(begun)
		if waited+pause > patience {
			return opened, fmt.Errorf("%w (given up after %s; --start-timeout sets for how long it is tried)", err, waited.Round(time.Second))
		}
		log.Warn("the database is not available yet; retrying", "error", err, "pause", pause.Round(time.Millisecond).String())
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return opened, fmt.Errorf("stopped while the database was away: %w", err)
		}
	}
}

// Telling runs open, and calls tell every 5 seconds until it returns: migrating a
// large database can take minutes.
func Telling[T any](tell func(elapsed time.Duration), open func() (T, error)) (T, error) {
	var telling sync.WaitGroup
	opened := make(chan struct{})
	telling.Go(func() {
		begun, tick := time.Now(), time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				tell(time.Since(begun).Round(time.Second))
			case <-opened:
				return
			}
		}
	})
	defer telling.Wait()
	defer close(opened)
	return open()
}
