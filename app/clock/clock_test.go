package clock

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/app/retention"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

// jumper is a clock that a test sets.
type jumper struct {
	*Clock
	off atomic.Int64
}

func newJumper() *jumper {
	j := &jumper{Clock: New(slog.New(slog.DiscardHandler))}
	j.ahead = func() time.Duration { return time.Duration(j.off.Load()) }
	return j
}

func (j *jumper) set(off time.Duration) { j.off.Store(int64(off)) }

func TestClock(t *testing.T) {
	t.Parallel()
	const days = 5 * 24 * time.Hour
	check := func(name string, do func(t *testing.T, j *jumper), off time.Duration, doubt bool) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				j := newJumper()
				j.Now()
				do(t, j)
				if got := j.Now().Round(0).Sub(time.Now().Round(0)); got != off {
					t.Errorf("the time to go by is off by %s, want %s", got, off)
				}
				if got := j.Doubt(); (got != "") != doubt {
					t.Errorf("doubt: %q", got)
				}
			})
		})
	}
	ahead := func(d time.Duration) func(*testing.T, *jumper) {
		return func(_ *testing.T, j *jumper) {
			j.set(days)
			j.Now()
			time.Sleep(d)
		}
	}
	check("right", func(*testing.T, *jumper) {}, 0, false)
	check("a little ahead", func(_ *testing.T, j *jumper) { j.set(time.Minute) }, time.Minute, false)
	check("days ahead for a minute", ahead(time.Minute), 0, true)
	check("days ahead for good", ahead(confirmed), days, true)
	check("days ahead for an hour", ahead(confirmed+removalConfirmed), days, true) // the hour begins when it is believed
	check("and back", func(t *testing.T, j *jumper) {
		ahead(time.Minute)(t, j)
		j.set(0)
		j.Now()
	}, 0, true)
	check("long after", func(t *testing.T, j *jumper) {
		ahead(time.Minute)(t, j)
		j.set(0)
		j.Now()
		time.Sleep(removalConfirmed)
	}, 0, false)
	check("confirmed by an event", func(t *testing.T, j *jumper) {
		ahead(time.Minute)(t, j)
		j.Witness(time.Now().Add(days - time.Minute))
	}, days, false)
	check("not confirmed by an old event", func(t *testing.T, j *jumper) {
		ahead(time.Minute)(t, j)
		j.Witness(time.Time{}, time.Now())
	}, 0, true)
	check("set back", func(_ *testing.T, j *jumper) { j.set(-days) }, -days, true)
}

const waitTwoDays = `
rules:
  - name: later
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { for: 2d }
      - log: { message: late }
`

// patient is an engine with a run that waits for two days.
type patient struct {
	t     *testing.T
	clock *jumper
	store store.Store
	path  string
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{t: t, clock: newJumper(), path: sqlitetest.File(t)}
	kinds := actions.Kinds(actions.Deps{Logger: slog.New(slog.DiscardHandler)})
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(waitTwoDays)}}, rules.Options{Kinds: kinds})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	store, err := sqlite.Open(t.Context(), p.path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.store = store
	if err := store.SaveRevision(t.Context(), set.Revision, text.EncodeSources(set.Sources), time.Now()); err != nil {
		t.Fatal(err)
	}
	current := func() *rules.Set { return set }
	e := engine.New(engine.Options{
		Store: store, Owner: "me", Poll: time.Minute, Current: current, Revisions: revisions.New(store, current, nil),
		Now: p.clock.Now, Due: p.clock.Due,
	})
	t.Cleanup(func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	body, err := sample.Body(event.TypeScheduled, "e1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	ev.Arrive(time.Now())
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Take(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	return p
}

// sees waits until everything has happened that can happen now.
func (p *patient) sees(after time.Duration, want event.Status) {
	p.t.Helper()
	time.Sleep(after)
	synctest.Wait()
	runs, err := p.store.Runs(p.t.Context(), event.RunFilter{})
	if err != nil || len(runs) != 1 {
		p.t.Fatalf("%d runs, %v", len(runs), err)
	}
	if runs[0].Status != want {
		p.t.Errorf("the run is %s, want %s: %s", runs[0].Status, want, runs[0].Reason)
	}
}

// TestWaitsAndTheClock: a wait ends when its time has passed, and not when the
// clock says so for a minute.
func TestWaitsAndTheClock(t *testing.T) {
	t.Parallel()
	t.Run("ahead for a minute", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := newPatient(t)
			p.sees(time.Minute, event.StatusWaiting)
			p.clock.set(72 * time.Hour)
			p.sees(time.Minute, event.StatusWaiting)
			p.clock.set(0)
			p.sees(47*time.Hour, event.StatusWaiting)
			p.sees(2*time.Hour, event.StatusSucceeded)
		})
	})
	t.Run("ahead for good", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := newPatient(t)
			p.sees(time.Minute, event.StatusWaiting)
			p.clock.set(72 * time.Hour)
			p.sees(confirmed-time.Minute, event.StatusWaiting)
			p.sees(2*time.Minute, event.StatusSucceeded)
		})
	})
	t.Run("ahead at the start", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := newPatient(t)
			p.sees(time.Minute, event.StatusWaiting)
			again := newJumper()
			again.set(72 * time.Hour)
			again.base, again.wall = again.read()
			if err := again.Started(t.Context(), p.store); err != nil {
				t.Fatal(err)
			}
			if due := time.Until(again.Due()); due > 25*time.Hour {
				t.Errorf("runs that are due in %s go out", due)
			}
			if again.Doubt() == "" {
				t.Error("old events are removed by it")
			}
			time.Sleep(confirmed)
			if due := time.Until(again.Due()).Round(time.Minute); due != 72*time.Hour {
				t.Errorf("after a while runs that are due in %s go out, want 72h", due)
			}
		})
	})
}

// TestKeepAndTheClock: old events are removed when they are old, and not when
// the clock says so for a minute.
func TestKeepAndTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		ctx, stop := context.WithCancel(t.Context())
		old, err := retention.New(retention.Options{Keep: 72 * time.Hour, Log: slog.New(slog.DiscardHandler), Clock: p.clock, Store: p.store})
		if err != nil {
			t.Fatal(err)
		}
		var background sync.WaitGroup
		background.Go(func() { old.Run(ctx) })
		defer background.Wait()
		defer stop()
		stored := func(after time.Duration, want int) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			list, err := p.store.Events(t.Context(), event.EventFilter{})
			if err != nil || len(list) != want {
				t.Errorf("%d events are stored, want %d; %v", len(list), want, err)
			}
		}
		p.sees(49*time.Hour, event.StatusSucceeded) // an event of a run that waits is kept in any case
		p.clock.set(30 * 24 * time.Hour)
		stored(3*time.Minute, 1)
		p.clock.set(0)
		stored(2*time.Hour, 1)
		stored(22*time.Hour, 0)
	})
}
