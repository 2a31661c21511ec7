package vitals_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/event"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return start.Add(d) }

func TestSigns(t *testing.T) {
	t.Parallel()
	const poll, workers = 5 * time.Second, 2
	for name, c := range map[string]struct {
		happens func(v *vitals.Signs)
		at      time.Duration
		want    string
	}{
		"not started":                 {func(*vitals.Signs) {}, time.Hour, ""},
		"dispatcher just in time":     {func(v *vitals.Signs) { v.Turn(start) }, 35 * time.Second, ""},
		"dispatcher too late":         {func(v *vitals.Signs) { v.Turn(start) }, 36 * time.Second, "the engine has not checked for due runs for 36s"},
		"dispatcher came round again": {func(v *vitals.Signs) { v.Turn(start); v.Turn(after(10 * time.Second)) }, 45 * time.Second, ""},
		"no worker is busy":           {func(v *vitals.Signs) { v.Move(start, 2); v.Move(start, -2) }, time.Hour, ""},
		"one worker is free":          {func(v *vitals.Signs) { v.Move(start, 2); v.Move(start, -1) }, time.Hour, ""},
		"all busy, for a minute":      {func(v *vitals.Signs) { v.Move(start, 2) }, time.Minute, ""},
		"all busy, for longer":        {func(v *vitals.Signs) { v.Move(start, 2) }, 61 * time.Second, "all 2 workers have been stuck for 1m1s"},
		"more than all busy":          {func(v *vitals.Signs) { v.Move(start, 3) }, 61 * time.Second, "all 2 workers have been stuck for 1m1s"},
		"one has moved since":         {func(v *vitals.Signs) { v.Move(start, 2); v.Move(after(10*time.Second), 0) }, 70 * time.Second, ""},
		"a try may take its time": {func(v *vitals.Signs) {
			v.Move(start, 2)
			v.Try(start, 5*time.Minute)
			v.Try(start, time.Second) // a shorter one changes nothing
		}, 6 * time.Minute, ""},
		"and no more": {func(v *vitals.Signs) { v.Move(start, 2); v.Try(start, 5*time.Minute) }, 6*time.Minute + time.Second, "all 2 workers have been stuck for 6m1s"},
		"a try is a sign of life": {func(v *vitals.Signs) {
			v.Move(start, 2)
			v.Try(after(time.Minute), 0)
		}, 2 * time.Minute, ""},
	} {
		var v vitals.Signs
		c.happens(&v)
		if got := v.UnhealthyReason(after(c.at), poll, workers); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := vitals.NewRefusals()
	add := func(runs ...string) {
		for _, run := range runs {
			r.Add(run, errors.New("value too long in "+run))
		}
	}
	add("a", "b", "b", "b")
	if got := r.UnhealthyReason(); got != "" {
		t.Errorf("two runs, however often: %q", got)
	}
	add("c")
	if got, want := r.UnhealthyReason(), "the database rejected the progress of 3 runs in a row: value too long in c"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.Stored()
	add("a", "b")
	if got := r.UnhealthyReason(); got != "" {
		t.Errorf("one was stored in between: %q", got)
	}
	want := vitals.Troubles{Refused: 7, RefusedBecause: "value too long in b"}
	if diff := cmp.Diff(want, vitals.Count(r, vitals.NewStuck(), start)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKept: the end of a run is kept as it was, until it is stored.
func TestKept(t *testing.T) {
	t.Parallel()
	r := vitals.NewRefusals()
	run := &event.Run{ID: "a", Status: event.StatusSucceeded}
	r.Keep(event.Progress{Run: run, Owner: "me"})
	run.Status = event.StatusFailed
	want := []event.Progress{{Run: &event.Run{ID: "a", Status: event.StatusSucceeded}, Owner: "me"}}
	if diff := cmp.Diff(want, r.Kept()); diff != "" || !r.Has("a") || r.Has("b") {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := vitals.Count(r, vitals.NewStuck(), start); got.Unrecorded != 1 || got.Refused != 0 {
		t.Errorf("%+v", got)
	}
	r.Forget("a")
	if r.Has("a") || len(r.Kept()) != 0 {
		t.Error("it is not forgotten")
	}
}

// TestWhatIsKeptIsBounded: a database that takes nothing does not fill the
// memory.
func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	const most = 10_000
	r, s := vitals.NewRefusals(), vitals.NewStuck()
	for i := range most + 5 {
		id := fmt.Sprint(i)
		r.Add(id, errors.New("no"))
		r.Keep(event.Progress{Run: &event.Run{ID: id}})
		s.Enter(id, "no key", start)
	}
	want := vitals.Troubles{Refused: most + 5, Unrecorded: most, RefusedBecause: "no", Stuck: most, StuckBecause: "no key"}
	if diff := cmp.Diff(want, vitals.Count(r, s, start)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := r.UnhealthyReason(), "the database rejected the progress of 10000 runs in a row: no"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// One that is known already is followed all the same.
	if began := s.Enter("0", "no key", after(time.Minute)); !began.Equal(start) {
		t.Errorf("it is stuck since %s", began)
	}
	if began := s.Enter("new", "no key", after(time.Minute)); !began.Equal(after(time.Minute)) {
		t.Errorf("it is stuck since %s", began)
	}
}

func TestStuck(t *testing.T) {
	t.Parallel()
	s, none := vitals.NewStuck(), vitals.NewRefusals()
	check := func(at time.Duration, n int, why string) {
		t.Helper()
		if diff := cmp.Diff(vitals.Troubles{Stuck: n, StuckBecause: why}, vitals.Count(none, s, after(at))); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", at, diff)
		}
	}
	if began := s.Enter("a", "no rules", start); !began.Equal(start) {
		t.Errorf("stuck since %s", began)
	}
	check(0, 1, "no rules")
	if began := s.Enter("a", "no key", after(time.Minute)); !began.Equal(start) {
		t.Errorf("stuck since %s", began)
	}
	check(time.Minute, 1, "no key")
	check(6*time.Minute, 1, "no key")
	check(6*time.Minute+time.Second, 0, "") // not seen for ten pauses
	if began := s.Enter("a", "no key", after(time.Hour)); !began.Equal(after(time.Hour)) {
		t.Errorf("stuck since %s", began)
	}
	s.Leave("a")
	check(time.Hour, 0, "")
}
