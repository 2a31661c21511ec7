package gate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
)

// bench is one connection with its gate, on a clock of its own.
type bench struct {
	*testing.T
	all *gate.Gates
	to  *gate.Gate
}

func within(t *testing.T, limits rules.Limits, do func(b bench)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := gate.New(time.Now, nil)
		do(bench{T: t, all: all, to: all.To(&rules.Connection{Name: "crm", Limits: limits}, nil)})
	})
}

func (b bench) enter(path string) *gate.Admission {
	b.Helper()
	e := b.to.Enter(path, nil)
	if e.Admission == nil {
		b.Fatalf("%s is not admitted: %+v", path, e)
	}
	return e.Admission
}

// held wants that a run goes back to the store for about so long.
func (b bench) held(path string, least time.Duration, reason string) {
	b.Helper()
	e := b.to.Enter(path, nil)
	if e.Hold < least || e.Hold > least+least/5 || e.Admission != nil || e.Parked || !strings.HasPrefix(e.Reason, reason) {
		b.Fatalf("%s: %+v; want it held for about %s, %q", path, e, least, reason)
	}
}

// park wants that a run waits at the gate; what it is resumed with comes into
// the channel.
func (b bench) park(path string) chan *gate.Admission {
	b.Helper()
	resumed := make(chan *gate.Admission, 1)
	if e := b.to.Enter(path, func(a *gate.Admission) { resumed <- a }); !e.Parked {
		b.Fatalf("%s: %+v; want it to wait at the gate", path, e)
	}
	return resumed
}

func (b bench) state() gate.State { return b.all.States()[0] }

func (b bench) fail(path string, cause event.Cause, times int) {
	b.Helper()
	for range times {
		b.enter(path).Leave(fmt.Errorf("send: %w", event.Failf(cause, true, "no")))
	}
}

func TestCallsAtOnce(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 2}, func(b bench) {
		first, second := b.enter("a"), b.enter("b")
		third, fourth := b.park("a"), b.park("b")
		if diff := cmp.Diff(gate.State{Name: "crm", InFlight: 2, MaxInFlight: 2, Parked: 2, Breaker: "closed"}, b.state()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		first.Leave(nil)
		first.Leave(nil) // given back once
		first.Return()
		if len(third) != 1 || len(fourth) != 0 {
			t.Fatal("the first that waits goes on, and no other")
		}
		second.Return()
		(<-third).Leave(nil)
		(<-fourth).Return()
		if s := b.state(); s.InFlight != 0 || s.Parked != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestNobodyOvertakes: who comes while others wait stands behind them.
func TestNobodyOvertakes(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 1}, func(b bench) {
		under := b.enter("a")
		first := b.park("a")
		under.Return()
		admitted := <-first
		second := b.park("b")
		third := b.park("c")
		admitted.Leave(nil)
		(<-second).Leave(nil)
		(<-third).Leave(nil)
	})
}

func TestParkedAreBounded(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 1}, func(b bench) {
		under := b.enter("a")
		var waiting []chan *gate.Admission
		for range 128 {
			waiting = append(waiting, b.park("a"))
		}
		b.held("a", 250*time.Millisecond, "held: connection crm is busy: 1 under way, 128 waiting")
		// It takes two seconds for each, so the queue takes longer than a run
		// may rest.
		for _, w := range waiting[:100] {
			time.Sleep(2 * time.Second)
			under.Leave(nil)
			under = <-w
			b.park("a")
		}
		b.held("a", 20*time.Second, "held: connection crm is busy")
	})
}

func TestRate(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 9, Rate: 0.1, Burst: 2}, func(b bench) {
		b.enter("a").Leave(nil)
		b.enter("a").Leave(nil)
		started := time.Now()
		third := b.park("a") // ten seconds are spent in memory
		(<-third).Leave(nil)
		if waited := time.Since(started); waited != 10*time.Second {
			t.Errorf("it waited for %s", waited)
		}
	})
}

func TestRateSlowerThanMemory(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 9, Rate: 0.05}, func(b bench) {
		b.enter("a").Leave(nil)
		b.held("a", 20*time.Second, "held: connection crm is limited to 0.05 per second")
		b.held("a", 20*time.Second, "held: connection crm is limited") // to be held costs no call
		time.Sleep(20 * time.Second)
		b.enter("a").Leave(nil)
	})
}

func TestNewLimits(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 1, Rate: 0.05}, func(b bench) {
		b.enter("a").Leave(nil)
		if same := b.all.To(&rules.Connection{Name: "crm", Limits: rules.Limits{MaxInFlight: 1, Rate: 0.05}}, nil); same != b.to {
			t.Fatal("a connection has two gates")
		}
		b.held("a", 20*time.Second, "held: connection crm is limited") // the count goes on
		b.all.To(&rules.Connection{Name: "crm"}, nil)
		for range gate.DefaultMaxInFlight {
			b.enter("a")
		}
		b.park("a")
		if s := b.state(); s.MaxInFlight != 16 || s.Rate != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestPause(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		b.to.Pause(10 * time.Second)
		b.to.Pause(5 * time.Second) // a shorter one does not shorten it
		until := time.Now().Add(10 * time.Second)
		if s := b.state(); !s.PausedUntil.Equal(until) || s.Breaker != "closed" {
			t.Errorf("%+v", s)
		}
		waiting := b.park("a")
		(<-waiting).Return()
		if !time.Now().Equal(until) {
			t.Errorf("it went on at %s, want %s", time.Now(), until)
		}
		if s := b.state(); !s.PausedUntil.IsZero() {
			t.Errorf("%+v", s)
		}
		b.to.Pause(11 * time.Second)
		b.held("a", 11*time.Second, "held: connection crm asked us to wait until "+event.TimeText(time.Now().Add(11*time.Second)))
		b.to.Pause(48 * time.Hour)
		if s := b.state(); !s.PausedUntil.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("a pause of days is granted: %+v", s)
		}
		b.held("a", time.Minute, "held: connection crm asked us to wait") // somebody may open it before
	})
}

// TestPauseSendsAway: who waits at the gate goes back to the store when the wait
// becomes a long one.
func TestPauseSendsAway(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 1}, func(b bench) {
		under := b.enter("a")
		waiting := b.park("a")
		b.to.Pause(10 * time.Second)
		if len(waiting) != 0 {
			t.Fatal("a short pause sends a run away")
		}
		b.to.Pause(11 * time.Second)
		if a := <-waiting; a != nil {
			t.Error("it was admitted in a pause")
		}
		under.Leave(nil)
	})
}

// TestPauseWithoutATime: each is twice as long as the one before, up to a
// minute, until a call works.
func TestPauseWithoutATime(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		want := func(d time.Duration) {
			t.Helper()
			b.to.Pause(0)
			b.to.Pause(-1) // calls under way together ask once
			if s := b.state(); !s.PausedUntil.Equal(time.Now().Add(d)) {
				t.Errorf("paused for %s, want %s", time.Until(s.PausedUntil), d)
			}
			time.Sleep(d)
		}
		for _, seconds := range []time.Duration{5, 10, 20, 40, 60, 60} {
			want(seconds * time.Second)
		}
		b.enter("a").Leave(event.Failf(event.CauseRateLimited, true, "slow down"))
		want(time.Minute)
		b.enter("a").Leave(nil)
		want(5 * time.Second)
		b.to.Pause(time.Second) // one with a time changes nothing of that
		time.Sleep(time.Second)
		want(10 * time.Second)
	})
}

func TestBreaker(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		b.fail("a", event.CauseServer, 3)
		b.fail("b", event.CauseTimeout, 3)
		b.fail("c", event.CauseNetwork, 3)
		if s := b.state(); s.Breaker != "closed" || !s.TriedAgain.IsZero() {
			t.Errorf("after nine failures: %+v", s)
		}
		b.fail("d", event.CauseServer, 1)
		again := time.Now().Add(30 * time.Second)
		if s := b.state(); s.Breaker != "open" || !s.TriedAgain.Equal(again) {
			t.Errorf("after ten failures: %+v", s)
		}
		b.held("new", 30*time.Second, "held: connection crm failed 10 times in a row; next try at "+event.TimeText(again))
		time.Sleep(30 * time.Second)
		if s := b.state(); s.Breaker != "half-open" || !s.TriedAgain.IsZero() {
			t.Errorf("after its rest: %+v", s)
		}
		// Each path has one try at a time.
		try := b.enter("a")
		b.held("a", 2*time.Second, "held: this action fails at connection crm; next try at")
		other := b.enter("b")
		try.Leave(event.Failf(event.CauseServer, true, "no"))
		b.held("a", 30*time.Second, "held: this action fails at connection crm; next try at "+event.TimeText(time.Now().Add(30*time.Second)))
		if s := b.state(); s.Breaker != "half-open" {
			t.Errorf("while another is tried: %+v", s)
		}
		other.Leave(nil)
		if s := b.state(); s.Breaker != "closed" {
			t.Errorf("after a success: %+v", s)
		}
		b.enter("b").Leave(nil)
		b.enter("b").Leave(nil)
		b.held("a", 30*time.Second, "held: this action fails") // what works does not speak for it
		time.Sleep(30 * time.Second)
		b.enter("a").Leave(nil)
		b.fail("a", event.CauseServer, 9)
		b.enter("a").Leave(nil)
	})
}

// TestRestThatIsNearlyOver is spent at the gate.
func TestRestThatIsNearlyOver(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		b.fail("a", event.CauseServer, 10)
		time.Sleep(20 * time.Second)
		again := time.Now().Add(10 * time.Second)
		waiting := b.park("b")
		(<-waiting).Leave(nil)
		if !time.Now().Equal(again) {
			t.Errorf("it went on at %s, want %s", time.Now(), again)
		}
	})
}

// TestBrokenPath: one action that fails does not keep others away, and rests by
// itself.
func TestBrokenPath(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		for i := range 10 {
			b.fail("bad", event.CauseServer, 1)
			b.enter("good").Leave(nil)
			if s := b.state(); (s.Breaker == "half-open") != (i == 9) {
				t.Errorf("after %d failures of one action: %+v", i+1, s)
			}
		}
		b.held("bad", 30*time.Second, "held: this action fails at connection crm")
		b.enter("good").Leave(nil)
		time.Sleep(30 * time.Second)
		try := b.enter("bad")
		b.held("bad", 2*time.Second, "held: this action fails")
		try.Return() // nothing is known of it, so the next is a try again
		b.fail("bad", event.CauseServer, 1)
		b.held("bad", 30*time.Second, "held: this action fails")
		time.Sleep(30 * time.Second)
		b.enter("bad").Leave(nil)
		b.enter("bad")
		b.enter("bad") // and is whole again
	})
}

// TestHalfOpenTryComesToNothing: a new path's try that is given back leaves
// nothing behind.
func TestHalfOpenTryComesToNothing(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		b.fail("a", event.CauseServer, 10)
		time.Sleep(30 * time.Second)
		b.enter("new").Return()
		b.enter("new").Return()
	})
}

// TestRequestsThatAreRefused: what is wrong with a request says that its
// destination works.
func TestRequestsThatAreRefused(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		for _, cause := range []event.Cause{event.CauseClient, event.CauseAuth, event.CauseRateLimited, event.CauseRefused, event.CauseExpression} {
			b.fail("a", event.CauseServer, 9)
			b.fail("a", cause, 1)
		}
		b.enter("a").Leave(errors.New("of another kind"))
		b.fail("a", event.CauseServer, 9)
		if s := b.state(); s.Breaker != "closed" {
			t.Errorf("%+v", s)
		}
	})
}

func TestLift(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		b.to.Pause(time.Hour)
		b.all.Lift()
		b.enter("a").Return()
		b.to.Pause(0)
		b.all.Lift() // a thousand retries together are no thousand calls
		if s := b.state(); s.PausedUntil.IsZero() {
			t.Error("it was opened twice in a moment")
		}
		time.Sleep(10 * time.Second)
		b.fail("a", event.CauseServer, 10)
		waiting := b.all.To(&rules.Connection{Name: "other"}, nil)
		waiting.Pause(10 * time.Second)
		resumed := make(chan *gate.Admission, 1)
		if e := waiting.Enter("a", func(a *gate.Admission) { resumed <- a }); !e.Parked {
			t.Fatalf("%+v", e)
		}
		b.all.Lift()
		if len(resumed) != 1 {
			t.Error("who waits at another gate does not go on")
		}
		if s := b.state(); s.Breaker != "half-open" {
			t.Errorf("%+v", s)
		}
		b.enter("a")
		b.held("a", 2*time.Second, "held: this action fails") // what comes next is a try
		time.Sleep(10 * time.Second)
		for range 3 {
			b.to.Pause(0)
			time.Sleep(time.Minute)
		}
		b.all.Lift()
		b.to.Pause(0)
		if s := b.state(); !s.PausedUntil.Equal(time.Now().Add(5 * time.Second)) {
			t.Errorf("the pauses before are not forgotten: %+v", s)
		}
	})
}

// TestHeldGoOutAtAPace: many runs that are held do not come back together.
func TestHeldGoOutAtAPace(t *testing.T) {
	within(t, rules.Limits{}, func(b bench) {
		b.to.Pause(20 * time.Second)
		for range 100_000 {
			b.to.Enter("a", nil)
		}
		b.held("a", 100*time.Second, "held: connection crm asked us to wait")
		time.Sleep(3 * time.Minute)
		b.to.Pause(20 * time.Second)
		b.held("a", 20*time.Second, "held: connection crm asked us to wait") // all of them are back
	})
}

type effect struct {
	params.Effect
	host string
}

func (e effect) Host() string { return e.host }

func TestWhichGate(t *testing.T) {
	t.Parallel()
	all := gate.New(time.Now, nil)
	none := all.To(nil, nil)
	if none != nil || all.To(nil, effect{}) != nil || all.To(nil, effect{host: "a.example"}) == nil {
		t.Error("what goes nowhere has a gate, or a host has none")
	}
	first, again := all.To(nil, effect{host: "a.example"}), all.To(nil, effect{host: "a.example"})
	if first != again || first == all.To(nil, effect{host: "b.example"}) {
		t.Error("a host has not one gate of its own")
	}
	zed := &rules.Connection{Name: "zed"}
	if all.To(zed, effect{host: "a.example"}) == all.To(nil, effect{host: "a.example"}) {
		t.Error("a connection has the gate of a host")
	}
	all.To(&rules.Connection{Name: "abc"}, nil)
	var names []string
	for _, s := range all.States() {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff([]string{"abc", "zed"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// None bounds nothing.
	none.Pause(time.Hour)
	none.Lift()
	for range 100 {
		e := none.Enter("a", nil)
		if e.Admission == nil {
			t.Fatalf("%+v", e)
		}
		e.Admission.Leave(nil)
		e.Admission.Return()
	}
}

func TestHostHasDefaultLimit(t *testing.T) {
	t.Parallel()
	h := gate.New(time.Now, nil).To(nil, effect{host: "a.example"})
	for range gate.DefaultMaxInFlight {
		if h.Enter("a", nil).Admission == nil {
			t.Fatal("it is not admitted")
		}
	}
	if !h.Enter("a", nil).Parked {
		t.Error("there is no limit")
	}
}

func TestByHand(t *testing.T) {
	t.Parallel()
	var h gate.ByHand
	if h.Take("a") {
		t.Error("nobody has started it")
	}
	h.Add("a")
	if !h.Take("a") || h.Take("a") {
		t.Error("a run started by hand is taken once")
	}
	for i := range 1000 {
		h.Add(fmt.Sprint(i))
	}
	if !h.Take("0") {
		t.Error("the first of a thousand is forgotten")
	}
	h.Add("x")
	h.Add("y")
	if !h.Take("y") || h.Take("1") {
		t.Error("they are not bounded")
	}
}

// TestHostThatIsUsedIsRemembered: of hosts that rest, the one that was not used
// for longest is forgotten first.
func TestHostThatIsUsedIsRemembered(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	all := gate.New(func() time.Time { return now }, nil)
	host := func(i int) *gate.Gate {
		now = now.Add(time.Millisecond)
		return all.To(nil, effect{host: fmt.Sprintf("h%d.example", i)})
	}
	for i := range 512 {
		host(i).Pause(time.Hour)
	}
	host(0)
	host(512).Pause(time.Hour)
	for _, i := range []int{0, 2, 512} {
		if e := host(i).Enter("a", nil); e.Hold == 0 {
			t.Errorf("host %d is forgotten: %+v", i, e)
		}
	}
	if e := host(1).Enter("a", nil); e.Admission == nil {
		t.Errorf("the oldest is still remembered: %+v", e)
	}
}

// TestAgain has an action that makes several calls, such as one for each page of
// a list: they keep to the rate and to a pause, and end with the attempt.
func TestAgain(t *testing.T) {
	within(t, rules.Limits{MaxInFlight: 2, Rate: 0.5, Burst: 1}, func(b bench) {
		a := b.enter("try")
		begun := time.Now()
		for range 3 {
			if err := a.Again(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		if took := time.Since(begun); took < 6*time.Second || took > 7*time.Second {
			b.Errorf("three more calls took %s, want 6s", took)
		}
		b.to.Pause(time.Minute)
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		defer cancel()
		if err := a.Again(ctx); !errors.Is(err, context.DeadlineExceeded) {
			b.Errorf("during a pause: %v", err)
		}
		if err := a.Again(b.Context()); err != nil || time.Since(begun) < time.Minute {
			b.Errorf("after %s: %v", time.Since(begun), err)
		}
		a.Leave(nil)
	})
}
