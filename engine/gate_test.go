package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

// twoDestinations has one rule for each of two connections.
func twoDestinations(limits string) string {
	return `
connections:
  slow: { kind: probe` + limits + ` }
  other: { kind: probe }
rules:
  - name: slow
    event: scheduling.smartscheduler.scheduled
    actions: [ { probe: { connection: slow, text: "slow ${{ event.eventId }}" }, retry: { initial: 5s } } ]
  - name: other
    event: scheduling.smartscheduler.canceled
    actions: [ { probe: { connection: other, text: "other ${{ event.eventId }}" } } ]
`
}

func isSlow(s sending) bool { return strings.HasPrefix(s.Text, "slow") }

// slowly lets slow sendings take two seconds, and returns how many were sent at
// once at the most.
func (p *probe) slowly() *atomic.Int32 {
	var now, most atomic.Int32
	p.answer = func(_ context.Context, s sending) (any, error) {
		if isSlow(s) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(2 * time.Second)
			now.Add(-1)
		}
		return &probeResult{}, nil
	}
	return &most
}

func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(", max_in_flight: 3"))
		most := b.probe.slowly()
		for i := range 200 {
			b.take(event.TypeScheduled, fmt.Sprint("s", i))
		}
		begun := time.Now()
		b.take(event.TypeCanceled, "c")
		settle()
		if n := len(b.probe.texts()); n != 4 {
			t.Errorf("%d sendings at once, want 3 slow and 1 other", n)
		}
		for _, s := range b.probe.all() {
			if !isSlow(s) && s.At.Sub(begun) > time.Second {
				t.Errorf("the other destination waited %s behind the slow one", s.At.Sub(begun))
			}
		}
		time.Sleep(10 * time.Minute)
		settle()
		if n := len(b.probe.all()); n != 201 || most.Load() != 3 {
			t.Errorf("%d sendings, %d at once; want 201 and 3", n, most.Load())
		}
	})
}

// TestLargeEventsDelayNoOthers: runs of large events wait for each other, without a
// worker, and not in the way of others.
func TestLargeEventsDelayNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setupWith(&bench{t: t, path: sqlitetest.File(t), probe: &probe{}, large: 100 << 10}, twoDestinations(""))
		most := b.probe.slowly()
		for i := range 200 {
			b.take(event.TypeScheduled, fmt.Sprint("s", i), "meeting.meetingInfo.meetingName", strings.Repeat("x", 30<<10))
		}
		begun := time.Now()
		b.take(event.TypeCanceled, "c")
		settle()
		others := 0
		for _, s := range b.probe.all() {
			if !isSlow(s) && s.At.Sub(begun) < time.Second {
				others++
			}
		}
		if others != 1 {
			t.Errorf("the other destination waited behind large events: %v", b.probe.texts())
		}
		time.Sleep(20 * time.Minute)
		settle()
		if n := len(b.probe.all()); n != 201 || most.Load() != 3 {
			t.Errorf("%d sendings, %d large ones at once; want 201 and 3", n, most.Load())
		}
	})
}

func TestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(", rate: 1/s"))
		begun := time.Now()
		for i := range 30 {
			b.take(event.TypeScheduled, fmt.Sprint("s", i))
		}
		time.Sleep(5 * time.Minute)
		settle()
		sent := b.probe.all()
		if len(sent) != 30 {
			t.Fatalf("%d sendings, want 30", len(sent))
		}
		for i := 1; i < len(sent); i++ {
			if gap := sent[i].At.Sub(sent[i-1].At); gap < 900*time.Millisecond {
				t.Errorf("sending %d only %s after the one before", i, gap)
			}
		}
		if last := sent[29].At.Sub(begun); last > time.Minute {
			t.Errorf("30 sendings at 1/s took %s", last)
		}
	})
}

func TestRateLimitedPausesTheConnectionForEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(""))
		b.probe.answer = failWith(1, &event.Failure{Cause: event.CauseRateLimited, Retry: true, RetryAfter: 40 * time.Second, Text: "429"})
		begun := time.Now()
		b.take(event.TypeScheduled, "first")
		settle()
		b.take(event.TypeScheduled, "second")
		b.take(event.TypeCanceled, "third")
		settle()
		if n := len(b.probe.all()); n != 2 {
			t.Errorf("%d sendings during the pause, want 2: %v", n, b.probe.texts())
		}
		states := b.engine.Connections()
		if len(states) != 2 || states[1].Name != "slow" || states[1].PausedUntil.Sub(begun).Round(time.Second) != 40*time.Second {
			t.Errorf("states %+v", states)
		}
		time.Sleep(2 * time.Minute)
		settle()
		for _, s := range b.probe.all()[2:] {
			if after := s.At.Sub(begun); after < 40*time.Second {
				t.Errorf("%s sent after %s", s.Text, after)
			}
		}
		if n := len(b.probe.all()); n != 4 {
			t.Errorf("%d sendings in the end, want 4: %v", n, b.probe.texts())
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(""))
		broken := atomic.Bool{}
		broken.Store(true)
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if isSlow(s) && broken.Load() {
				return nil, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "502"}
			}
			return &probeResult{}, nil
		}
		for i := range 100 {
			b.take(event.TypeScheduled, fmt.Sprint("s", i))
		}
		b.take(event.TypeCanceled, "c")
		settle()
		if state := b.engine.Connections()[1]; state.Breaker != "open" {
			t.Errorf("breaker %q after many failures", state.Breaker)
		}
		time.Sleep(10 * time.Minute)
		settle()
		// Without the breaker, 100 runs would have tried some 8 times each.
		if n := len(b.probe.all()); n > 150 {
			t.Errorf("a broken destination was called %d times in 10 minutes", n)
		}
		held := b.runs()[50]
		if held.Status.Done() || held.Reason == "" {
			t.Errorf("run %s without a reason: %q", held.Status, held.Reason)
		}
		broken.Store(false)
		time.Sleep(3 * time.Hour)
		settle()
		for _, run := range b.runs() {
			if run.Status != event.StatusSucceeded {
				t.Errorf("run %s %s: %s", run.Rule, run.Status, run.Reason)
			}
		}
	})
}

// TestBacklogDrainsAtTheConnectionsPace: what piled up while a destination was
// slow goes out as fast as it can take it afterwards.
func TestBacklogDrainsAtTheConnectionsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(", max_in_flight: 8"))
		pace := atomic.Int64{}
		pace.Store(int64(4 * time.Second))
		b.probe.answer = func(context.Context, sending) (any, error) {
			time.Sleep(time.Duration(pace.Load()))
			return &probeResult{}, nil
		}
		const runs = 250
		for i := range runs {
			b.take(event.TypeScheduled, fmt.Sprint("s", i))
		}
		time.Sleep(time.Minute) // 120 of them
		pace.Store(int64(10 * time.Millisecond))
		before := len(b.probe.all())
		if before > 200 {
			t.Fatalf("%d went out while the destination was slow", before)
		}
		// At 800 a second, plus the longest that a run may have been held.
		time.Sleep(40 * time.Second)
		settle()
		if sent := len(b.probe.all()); sent != runs {
			t.Errorf("%d of %d went out 40 s after the destination got fast", sent, runs)
		}
	})
}
