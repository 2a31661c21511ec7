package watchdog_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/watchdog"
)

func TestAFixedTime(t *testing.T) {
	t.Parallel()
	w := setup(t, 24*time.Hour)
	w.wants(watchdog.Active)
	w.now = w.now.Add(24 * time.Hour)
	w.wants(watchdog.Quiet) // none has come since the start
	if w.said("last_event=never") != 1 {
		t.Errorf("it said %s", w.log.String())
	}
	w.come()
	w.wants(watchdog.Active)
	w.now = w.now.Add(24*time.Hour - 1)
	w.wants(watchdog.Active)
	w.now = w.now.Add(1)
	r := w.look()
	if r.State != watchdog.Quiet || r.Basis != "every 24h (--expect-event-every)" {
		t.Errorf("%+v", r)
	}
	w.restart(24 * time.Hour)
	w.wants(watchdog.Quiet)
}

func TestItIsToldOnce(t *testing.T) {
	t.Parallel()
	w := setup(t, time.Hour)
	w.come()
	for range 300 {
		w.now = w.now.Add(time.Minute)
		w.look()
	}
	if n := w.said("no events received"); n != 1 || w.changes != 1 {
		t.Errorf("told %d times, %d changes:\n%s", n, w.changes, w.log.String())
	}
	w.come()
	w.look()
	w.look()
	if n := w.said("events received again"); n != 1 || w.changes != 2 {
		t.Errorf("told %d times, %d changes:\n%s", n, w.changes, w.log.String())
	}
}

func TestOffExpectsNothing(t *testing.T) {
	t.Parallel()
	w := setup(t, watchdog.Off)
	w.come()
	w.now = w.now.Add(1000 * time.Hour)
	w.wants(watchdog.Unwatched)
	if w.Report().LastEvent.IsZero() {
		t.Error("the newest event is not known")
	}
}

func TestAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	w := setup(t, time.Hour)
	w.come()
	w.tested = w.now
	w.look()
	w.broken = true
	w.now = w.now.Add(30 * time.Minute)
	if err := w.Look(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if r := w.Report(); r.State != watchdog.Active || r.LastEvent.IsZero() || r.Validated.IsZero() {
		t.Errorf("what was known is forgotten: %+v", r)
	}
}

func TestBadSignatures(t *testing.T) {
	t.Parallel()
	w := setup(t, 0)
	send := func(good, bad int) {
		for range good {
			w.Good()
		}
		for range bad {
			w.Bad()
		}
	}
	burst := func(want bool) {
		t.Helper()
		if got := w.look().Signatures.On; got != want {
			t.Errorf("%s: burst %v, want %v: %+v", w.now.Format("15:04"), got, want, w.Report().Signatures)
		}
	}
	send(0, 4)
	burst(false)
	send(0, 1)
	burst(true) // five and none good
	w.now = w.now.Add(10 * time.Minute)
	send(9, 0)
	burst(true) // not twice as many good ones
	w.now = w.now.Add(4 * time.Minute)
	send(1, 0)
	burst(false)
	w.now = w.now.Add(time.Hour)
	burst(false)
	send(100, 100)
	burst(false) // as many good as bad
	send(0, 1)
	burst(true)
	w.now = w.now.Add(15 * time.Minute)
	burst(false) // all of it is long ago
	if told, over := w.said("bad signature"), w.said("signatures are valid again"); told != 2 || over != 2 {
		t.Errorf("told %d and %d times:\n%s", told, over, w.log.String())
	}
}

// TestRunLooksInTime has the real loop on a virtual clock.
func TestRunLooksInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &stored{}
		changes := make(chan struct{}, 10)
		d := watchdog.New(watchdog.Options{
			History: h, Every: 90 * time.Second, Changed: func() { changes <- struct{}{} },
		})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		h.store(time.Now())
		began := time.Now()
		go d.Run(ctx)
		<-changes
		if took := time.Since(began); took != 90*time.Second || d.Report().State != watchdog.Quiet {
			t.Errorf("after %s the source is %s", took, d.Report().State)
		}
		time.Sleep(10 * time.Second)
		h.store(time.Now())
		began = time.Now()
		d.Good()
		<-changes
		if took := time.Since(began); took != 0 || d.Report().State != watchdog.Active {
			t.Errorf("%s after an event the source is %s", took, d.Report().State)
		}
		began = time.Now()
		for range 5 {
			d.Bad()
		}
		<-changes
		if took := time.Since(began); took != 0 || !d.Report().Signatures.On {
			t.Errorf("five bad signatures were looked at after %s", took)
		}
		time.Sleep(time.Second) // another process stores an event
		h.store(time.Now())
		time.Sleep(time.Minute)
		if r := d.Report(); !r.LastEvent.Equal(h.at()) {
			t.Errorf("a minute later the newest event is that of %s", r.LastEvent)
		}
	})
}

// stored is a history of one event.
type stored struct{ last atomic.Pointer[time.Time] }

func (s *stored) store(at time.Time) { s.last.Store(&at) }
func (s *stored) at() time.Time      { return *s.last.Load() }

func (s *stored) LastEvent(context.Context) (time.Time, error) { return s.at(), nil }
func (s *stored) Validated(context.Context) (time.Time, error) { return time.Time{}, nil }
func (s *stored) EventHours(context.Context, time.Time) ([]time.Time, error) {
	return []time.Time{s.at()}, nil
}
