package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
)

const anything = `
rules:
  - name: any
    event: "*"
    actions: [ { probe: { text: hello }, timeout: 5m } ]
`

// TestStuckWorkersMakeItUnhealthy has actions that never come back, which no
// kind of action should do.
func TestStuckWorkersMakeItUnhealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, anything)
		stuck := make(chan struct{})
		b.probe.answer = func(context.Context, sending) (any, error) {
			<-stuck
			return &probeResult{}, nil
		}
		const workers = 64
		for i := range workers - 1 {
			b.take(event.TypeScheduled, fmt.Sprint("e", i))
		}
		time.Sleep(10 * time.Minute)
		if a := b.engine.UnhealthyReason(); a != "" {
			t.Errorf("with one worker free: %s", a)
		}
		b.take(event.TypeScheduled, "last")
		time.Sleep(6 * time.Minute)
		if a := b.engine.UnhealthyReason(); a != "" {
			t.Errorf("within the time that a try may take: %s", a)
		}
		time.Sleep(time.Minute)
		if a := b.engine.UnhealthyReason(); a != "all 64 workers have been stuck for 7m0s" {
			t.Errorf("after it: %q", a)
		}
		close(stuck)
		synctest.Wait()
		if a := b.engine.UnhealthyReason(); a != "" {
			t.Errorf("when they have come back: %s", a)
		}
	})
}

// TestAFullEngineIsWell has more work than fits into memory, at a destination
// that takes its time.
func TestAFullEngineIsWell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, anything)
		b.probe.answer = func(context.Context, sending) (any, error) {
			time.Sleep(time.Minute)
			return &probeResult{}, nil
		}
		// The one of the bench hardly ever looks by itself.
		if err := b.engine.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		e := engine.New(engine.Options{
			Store: b.store, Owner: "full", Capacity: 200, Current: b.current, Revisions: b.revisions(),
		})
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			if _, err := e.Take(t.Context(), made(t, event.TypeScheduled, fmt.Sprint("e", i))); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			time.Sleep(50 * time.Second)
			if a := e.UnhealthyReason(); a != "" {
				t.Error(a)
			}
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// deafStore does not answer when it is asked for due runs.
type deafStore struct {
	*sqlite.Store
	hangs chan struct{}
}

func (s deafStore) Claim(ctx context.Context, owner string, now, lease time.Time, limit int) ([]*event.Run, error) {
	<-s.hangs
	return s.Store.Claim(ctx, owner, now, lease, limit)
}

func TestAStoreThatHangsMakesItUnhealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, anything)
		hangs := make(chan struct{})
		e := engine.New(engine.Options{
			Store: deafStore{b.store, hangs}, Owner: "deaf", Current: b.current, Revisions: b.revisions(),
		})
		if a := e.UnhealthyReason(); a != "" {
			t.Errorf("before the start: %s", a)
		}
		if err := e.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if a := e.UnhealthyReason(); a != "" {
			t.Errorf("early: %s", a)
		}
		time.Sleep(2 * time.Second)
		if a := e.UnhealthyReason(); !strings.HasPrefix(a, "the engine has not checked for due runs for 32s") {
			t.Errorf("late: %q", a)
		}
		close(hangs)
		synctest.Wait()
		if a := e.UnhealthyReason(); a != "" {
			t.Errorf("when the store answers again: %s", a)
		}
		if err := e.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
