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
)

// onePathIsBroken has two rules that use one connection.
const onePathIsBroken = `
connections:
  crm: { kind: probe }
rules:
  - name: bad
    event: scheduling.smartscheduler.scheduled
    actions: [ { probe: { connection: crm, text: "bad ${{ event.eventId }}" } } ]
  - name: good
    event: scheduling.smartscheduler.canceled
    actions: [ { probe: { connection: crm, text: "good ${{ event.eventId }}" } } ]
`

// TestWhatWorksGetsItsTurn: thirty runs on a broken path of a connection do not
// hold those up that take another.
func TestWhatWorksGetsItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, onePathIsBroken)
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if strings.HasPrefix(s.Text, "bad") {
				return nil, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "502"}
			}
			return &probeResult{}, nil
		}
		for i := range 30 {
			b.take(event.TypeScheduled, fmt.Sprint("s", i), "data.id", fmt.Sprint("m", i))
		}
		settle()
		if state := b.engine.Connections()[0]; state.Breaker != "open" {
			t.Fatalf("the breaker is %s", state.Breaker)
		}
		for round := range 5 {
			for i := range 20 {
				b.take(event.TypeCanceled, fmt.Sprint("c", round, "-", i), "data.id", fmt.Sprint("n", round, "-", i))
			}
			time.Sleep(time.Minute) // two rests
			settle()
			good, bad := 0, 0
			for _, text := range b.probe.texts() {
				if strings.HasPrefix(text, "good") {
					good++
				} else {
					bad++
				}
			}
			if good != 20*(round+1) {
				t.Errorf("round %d: %d of %d went out on the path that works", round, good, 20*(round+1))
			}
			if most := 30 + 3*(round+1); bad > most {
				t.Errorf("round %d: the broken path was called %d times, want at most %d", round, bad, most)
			}
		}
		for _, run := range b.runs() {
			if run.Rule == "bad" && (run.Status != event.StatusPending || !strings.HasPrefix(run.Reason, "held: ") && !strings.Contains(run.Reason, "; try ")) {
				t.Errorf("a run on the broken path is %s: %s", run.Status, run.Reason)
			}
		}
	})
}

// TestHostsHaveGatesOfTheirOwn: what one host asks for holds up neither another
// nor what goes nowhere.
func TestHostsHaveGatesOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: hosts
    event: scheduling.smartscheduler.scheduled
    actions: [ { probe: { text: "at ${{ event.webhookId }}: ${{ event.eventId }}" } } ]
  - name: nowhere
    event: scheduling.smartscheduler.scheduled
    actions: [ { probe: { text: "nowhere ${{ event.eventId }}" } } ]
`)
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if strings.HasPrefix(s.Text, "at a.example") {
				return nil, &event.Failure{Cause: event.CauseRateLimited, Retry: true, RetryAfter: time.Hour, Text: "429"}
			}
			return &probeResult{}, nil
		}
		b.take(event.TypeScheduled, "first", "webhookId", "a.example", "data.id", "m1")
		settle()
		b.take(event.TypeScheduled, "second", "webhookId", "b.example", "data.id", "m2")
		b.take(event.TypeScheduled, "third", "webhookId", "a.example", "data.id", "m3")
		settle()
		got := strings.Join(b.probe.texts(), ", ")
		for _, want := range []string{"at a.example: first", "at b.example: second", "nowhere first", "nowhere second", "nowhere third"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q was not sent: %s", want, got)
			}
		}
		if strings.Contains(got, "at a.example: third") {
			t.Errorf("the host that asked for a pause was called: %s", got)
		}
		for _, run := range b.runs() {
			if run.EventID == "third" && run.Rule == "hosts" && !strings.Contains(run.Reason, "host a.example asked us to wait") {
				t.Errorf("its run says %q", run.Reason)
			}
		}
		if n := len(b.engine.Connections()); n != 0 {
			t.Errorf("%d hosts are told of as connections", n)
		}
	})
}

func rateLimited(after time.Duration) *event.Failure {
	return &event.Failure{Cause: event.CauseRateLimited, Retry: true, RetryAfter: after, Text: "429"}
}

// TestPauses: how long a connection rests is a matter of what its destination
// asked for, not of one rule's retries.
func TestPauses(t *testing.T) {
	t.Parallel()
	check := func(name string, asked []time.Duration, want ...time.Duration) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, strings.ReplaceAll(twoDestinations(""), "initial: 5s", "initial: 2h"))
				call := 0
				b.probe.answer = func(_ context.Context, s sending) (any, error) {
					if call++; call <= len(asked) {
						return nil, rateLimited(asked[call-1])
					}
					return &probeResult{}, nil
				}
				for i := range want {
					b.take(event.TypeScheduled, fmt.Sprint("s", i), "data.id", fmt.Sprint("m", i))
					settle()
					state := b.engine.Connections()[0]
					if rest := time.Until(state.PausedUntil).Round(time.Second); rest != want[i] {
						t.Errorf("after %v it rests for %s, want %s", asked[:i+1], rest, want[i])
					}
					time.Sleep(max(time.Until(state.PausedUntil), 0) + time.Second)
				}
			})
		})
	}
	check("asked", []time.Duration{40 * time.Second}, 40*time.Second)
	check("an hour at most", []time.Duration{24 * time.Hour}, time.Hour)
	check("not said", []time.Duration{0, 0, 0, 0, 0, 0}, 5*time.Second, 10*time.Second, 20*time.Second, 40*time.Second, time.Minute, time.Minute)
}

// TestShorterPause: of two answers that come together, the longer pause counts.
func TestShorterPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(""))
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			switch s.Text {
			case "slow long":
				time.Sleep(time.Second)
				return nil, rateLimited(30 * time.Minute)
			case "slow short":
				time.Sleep(2 * time.Second)
				return nil, rateLimited(10 * time.Second)
			case "slow unsaid":
				time.Sleep(3 * time.Second)
				return nil, rateLimited(0)
			}
			return &probeResult{}, nil
		}
		for _, id := range []string{"long", "short", "unsaid"} {
			b.take(event.TypeScheduled, id, "data.id", id)
		}
		time.Sleep(5 * time.Second)
		b.take(event.TypeScheduled, "later", "data.id", "later")
		time.Sleep(29 * time.Minute)
		settle()
		if n := len(b.probe.all()); n != 3 {
			t.Errorf("called %d times within the longer pause, want 3: %v", n, b.probe.texts())
		}
		time.Sleep(10 * time.Minute)
		settle()
		if got := b.probe.texts(); len(got) < 4 {
			t.Errorf("nothing went out after the pause: %v", got)
		}
	})
}

// TestLiftedByHand: a run started by hand is sent whatever its destination asked
// for, and so is everything after a reload; a thousand of them are not a
// thousand calls to who asked for a pause.
func TestLiftedByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(""))
		limited := atomic.Bool{}
		limited.Store(true)
		b.probe.answer = func(context.Context, sending) (any, error) {
			if limited.Load() {
				return nil, rateLimited(time.Hour)
			}
			return &probeResult{}, nil
		}
		for i := range 100 {
			b.take(event.TypeScheduled, fmt.Sprint("s", i), "data.id", fmt.Sprint("m", i))
		}
		settle()
		before := len(b.probe.all())
		if before > 16 {
			t.Fatalf("%d calls", before)
		}
		for _, run := range b.runs() {
			if err := b.store.RunNow(t.Context(), run.ID, time.Now(), "by hand"); err != nil {
				t.Fatal(err)
			}
			b.engine.StartedByHand(run.ID)
		}
		settle()
		if n := len(b.probe.all()) - before; n < 1 || n > 16 {
			t.Errorf("100 runs started by hand made %d calls, want 1 to 16", n)
		}
		limited.Store(false)
		time.Sleep(11 * time.Second)
		b.engine.Lift()
		time.Sleep(90 * time.Second)
		settle()
		done := 0
		for _, run := range b.runs() {
			if run.Status == event.StatusSucceeded {
				done++
			}
		}
		if done < 60 { // the others wait for their next try
			t.Errorf("%d of 100 runs went out within 90 s of a reload", done)
		}
	})
}

// TestRestsCostNoRate: what a resting connection turns away uses up none of its
// rate.
func TestRestsCostNoRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, strings.ReplaceAll(onePathIsBroken, "kind: probe", "kind: probe, rate: 30/m, burst: 20"))
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if strings.HasPrefix(s.Text, "bad") {
				return nil, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "502"}
			}
			return &probeResult{}, nil
		}
		for i := range 15 {
			b.take(event.TypeScheduled, fmt.Sprint("s", i), "data.id", fmt.Sprint("m", i))
		}
		settle()
		called := len(b.probe.all())
		time.Sleep(29 * time.Second) // the rest: the burst fills up again
		for i := range 200 {
			b.take(event.TypeScheduled, fmt.Sprint("t", i), "data.id", fmt.Sprint("o", i))
		}
		settle()
		if n := len(b.probe.all()); n != called {
			t.Fatalf("%d calls during the rest", n-called)
		}
		for i := range 10 {
			b.take(event.TypeCanceled, fmt.Sprint("c", i), "data.id", fmt.Sprint("n", i))
		}
		time.Sleep(10 * time.Second)
		settle()
		good := 0
		for _, text := range b.probe.texts() {
			if strings.HasPrefix(text, "good") {
				good++
			}
		}
		if good != 10 {
			t.Errorf("%d of 10 went out after the rest", good)
		}
	})
}
