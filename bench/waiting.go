package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/store"
)

const (
	// runsPerEvent keeps filling short: an event is stored for every so many
	// runs.
	runsPerEvent = 20
	// fillers is how many callers fill a store at once; they share commits.
	fillers = 256
	// farOff is when the first of the runs that wait would go on.
	farOff = 24 * time.Hour
)

// fill stores runs of one status, the first due at the given time and the
// others a millisecond after each other.
func fill(ctx context.Context, s store.Store, prefix string, runs int, status event.Status, due time.Time) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next    atomic.Int64
		callers sync.WaitGroup
	)
	for range fillers {
		callers.Go(func() {
			for ctx.Err() == nil {
				first := int(next.Add(runsPerEvent)) - runsPerEvent
				if first >= runs {
					return
				}
				a, err := sleepers(prefix, first, min(runsPerEvent, runs-first), status, due)
				if err == nil {
					_, err = s.Accept(ctx, a)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	callers.Wait()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("store runs: %w", err)
	}
	return nil
}

// sleepers is one event with some of the runs.
func sleepers(prefix string, first, count int, status event.Status, due time.Time) (event.Acceptance, error) {
	now := time.Now()
	body, err := sample.Body(event.TypeScheduled, fmt.Sprintf("%s-%d", prefix, first), now)
	if err != nil {
		return event.Acceptance{}, err
	}
	ev, err := decode.Event(body)
	if err != nil {
		return event.Acceptance{}, err
	}
	ev.Received = now
	a := event.Acceptance{Event: ev, Revision: "bench", Now: now}
	for i := range count {
		a.Runs = append(a.Runs, event.PlannedRun{Run: event.Run{
			ID: fmt.Sprintf("%s-%08d", prefix, first+i), Rule: "remind", Revision: "bench", Status: status,
			Reason: "waiting for the meeting", Due: due.Add(time.Duration(first+i) * time.Millisecond),
			Follow: status == event.StatusWaiting,
		}})
	}
	return a, nil
}

const (
	claimSize   = 10
	claimOwner  = "bench"
	claimsAhead = 20 // that are not counted
)

// claimTimes are what looks into one store took.
type claimTimes struct {
	claim, nextDue []time.Duration
}

// measureClaims claims due runs from each store in turn, so that what disturbs
// the machine disturbs all of them.
func measureClaims(ctx context.Context, stores []store.Store, claims int) ([]claimTimes, error) {
	now := time.Now()
	for _, store := range stores {
		due := now.Add(-farOff)
		if err := fill(ctx, store, "due", (claims+claimsAhead)*claimSize, event.StatusPending, due); err != nil {
			return nil, err
		}
	}
	times := make([]claimTimes, len(stores))
	for n := range claims + claimsAhead {
		for i, store := range stores {
			began := time.Now()
			runs, err := store.Claim(ctx, claimOwner, now, now.Add(farOff), claimSize)
			claimed := time.Now()
			if err != nil {
				return nil, err
			}
			if len(runs) != claimSize {
				return nil, fmt.Errorf("claimed %d runs, not %d", len(runs), claimSize)
			}
			if _, err := store.NextDue(ctx); err != nil {
				return nil, err
			}
			if n >= claimsAhead {
				times[i].claim = append(times[i].claim, claimed.Sub(began))
				times[i].nextDue = append(times[i].nextDue, time.Since(claimed))
			}
		}
	}
	return times, nil
}

func closeAll(stores []store.Store) error {
	var errs []error
	for _, store := range stores {
		errs = append(errs, store.Close())
	}
	return errors.Join(errs...)
}
