package watchdog_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/watchdog"
)

const day = 24 * time.Hour

func TestNightsAndWeekendsAreNotQuiet(t *testing.T) {
	t.Parallel()
	w := setup(t, 0)
	w.live(monday().Add(60*day), office)
	if n := w.said("no events received"); n != 0 {
		t.Errorf("%d alarms in two months of office hours:\n%s", n, w.log.String())
	}
	w.wants(watchdog.Active)
}

func TestASilentMorningIsQuiet(t *testing.T) {
	t.Parallel()
	w := setup(t, 0)
	friday := monday().Add(4*7*day + 4*day) // 08:00
	w.live(friday.Add(7*time.Hour), office) // the last event is at 14:30
	nobody := func(time.Time) bool { return false }
	w.live(friday.Add(9*time.Hour), nobody)
	w.wants(watchdog.Active) // 15:00 and 16:00 were missed
	w.live(friday.Add(3*day), nobody)
	w.wants(watchdog.Active) // Monday, 08:00
	w.live(friday.Add(3*day+3*time.Hour), nobody)
	r := w.look()
	if want := friday.Add(3*day + 3*time.Hour); !r.ExpectedBefore.Equal(want) || r.State != watchdog.Quiet {
		t.Errorf("%+v, want quiet from %s on", r, want)
	}
	if r.Basis != "learned from the last 4 weeks" {
		t.Errorf("basis: %q", r.Basis)
	}
}

// TestOneOutageDullsNothing has a week without events in what is learnt from.
func TestOneOutageDullsNothing(t *testing.T) {
	t.Parallel()
	away := monday().Add(21 * day)
	w := setup(t, 0)
	w.live(monday().Add(35*day), func(at time.Time) bool {
		return office(at) && (at.Before(away) || at.After(away.Add(7*day)))
	})
	last := w.events[len(w.events)-1]
	if r := w.look(); r.ExpectedBefore.Sub(last) > 5*day {
		t.Errorf("after an outage, an event is expected %s after the last", r.ExpectedBefore.Sub(last))
	}
}

// TestRareEvents has two or three a week at any time: about one alarm in many
// months is what a rhythm without a rhythm may cost.
func TestRareEvents(t *testing.T) {
	t.Parallel()
	alarms := 0
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 1))
		w := setup(t, 0)
		w.live(monday().Add(26*7*day), func(time.Time) bool { return chance.IntN(24) == 0 })
		alarms += w.said("no events received")
		w.live(w.now.Add(21*day), func(time.Time) bool { return false })
		w.wants(watchdog.Quiet)
	}
	t.Logf("%d false alarms in 20 half years", alarms)
	if alarms > 20 {
		t.Errorf("%d false alarms in 20 half years", alarms)
	}
}

func TestTooLittleIsKnown(t *testing.T) {
	t.Parallel()
	check := func(want string, days int, comes func(time.Time) bool) {
		t.Helper()
		w := setup(t, 0)
		w.live(monday().Add(time.Duration(days)*day), comes)
		if r := w.look(); r.State != watchdog.Learning || r.Basis != want || !r.ExpectedBefore.IsZero() {
			t.Errorf("%+v, want %q", r, want)
		}
		w.now = w.now.Add(365 * day)
		w.wants(watchdog.Learning)
		if w.log.Len() > 0 {
			t.Errorf("it said %s", w.log.String())
		}
	}
	const little = "not enough data yet: "
	check("no event received yet", 30, func(time.Time) bool { return false })
	check(little+"only 31 hours of events stored, two weeks needed", 2, office)
	check(little+"only 11 days of events stored, two weeks needed", 13, office)
	check(little+"events in only 2 hours of 23 days, 20 hours needed", 25, func(at time.Time) bool {
		return at.Hour() == 9 && (at.Day() == 3 || at.Day() == 26)
	})
}

func TestWhatIsLearntDependsOnTheEventsAlone(t *testing.T) {
	t.Parallel()
	w := setup(t, 0)
	w.live(monday().Add(40*day), office)
	before := w.look()
	w.restart(0)
	if after := w.look(); after != before {
		t.Errorf("after a restart %+v, before %+v", after, before)
	}
	w.now = w.now.Add(30 * day)
	quiet := w.look()
	w.restart(0)
	if after := w.look(); after.State != watchdog.Quiet || after != quiet {
		t.Errorf("after a restart in silence %+v, before %+v", after, quiet)
	}
}

// TestADeadlineLiesAhead has histories of every kind.
func TestADeadlineLiesAhead(t *testing.T) {
	t.Parallel()
	known := 0
	for seed := range uint64(300) {
		chance := rand.New(rand.NewPCG(seed, 2))
		longest := 1 + chance.IntN(150)
		at := monday()
		var moments []time.Time
		for range chance.IntN(400) {
			at = at.Add(time.Duration(chance.IntN(longest)) * 20 * time.Minute)
			moments = append(moments, at)
		}
		r, err := watchdog.Learn(moments)
		if err != nil {
			continue
		}
		known++
		if wait := r.Deadline(at).Sub(at); wait < 3*time.Hour || wait > 27*7*day {
			t.Errorf("seed %d: the next event is expected after %s", seed, wait)
		}
	}
	if known < 100 {
		t.Errorf("only %d of the histories had a rhythm", known)
	}
}

// TestHowMuchIsLearntFrom: four weeks before the newest event and no more, and
// an error that says how much there is.
func TestHowMuchIsLearntFrom(t *testing.T) {
	t.Parallel()
	last := monday().Add(100 * day)
	hourly := func(back time.Duration, more ...time.Duration) (moments []time.Time) {
		for _, m := range more {
			moments = append(moments, last.Add(-m))
		}
		for ; back >= 0; back -= time.Hour {
			moments = append(moments, last.Add(-back))
		}
		return moments
	}
	for want, moments := range map[string][]time.Time{
		"learned from the last 2 weeks": hourly(14 * day),
		"learned from the last 3 weeks": hourly(21*day, 70*day, 28*day), // as old as the window is out of it
		"learned from the last 4 weeks": hourly(21*day, 28*day-time.Hour),
	} {
		r, err := watchdog.Learn(moments)
		if err != nil || r.Basis() != want {
			t.Errorf("%q, %v; want %q", r.Basis(), err, want)
		}
	}
	for want, moments := range map[string][]time.Time{
		"no event received yet": nil,
		"only less than an hour of events stored, two weeks needed": hourly(0),
		"only 1 hour of events stored, two weeks needed":            hourly(time.Hour),
		"only 47 hours of events stored, two weeks needed":          hourly(47 * time.Hour),
		"only 2 days of events stored, two weeks needed":            hourly(48 * time.Hour),
		"only 13 days of events stored, two weeks needed":           hourly(14*day - time.Hour),
		"events in only 19 hours of 14 days, 20 hours needed":       hourly(17*time.Hour, 14*day),
	} {
		if _, err := watchdog.Learn(moments); err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := watchdog.Learn(hourly(18*time.Hour, 14*day)); err != nil {
		t.Errorf("events in twenty hours: %v", err)
	}
}
