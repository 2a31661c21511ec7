package watchdog_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/watchdog"
)

// monday is the first moment of the tests: a Monday, 08:00.
func monday() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

// world is a watchdog with a history and a clock of its own.
type world struct {
	*testing.T
	*watchdog.Watchdog
	now     time.Time
	events  []time.Time
	tested  time.Time
	broken  bool
	changes int
	log     bytes.Buffer
}

func setup(t *testing.T, every time.Duration) *world {
	t.Helper()
	w := &world{T: t, now: monday()}
	w.restart(every)
	return w
}

// restart makes a new watchdog on the same history.
func (w *world) restart(every time.Duration) {
	w.Watchdog = watchdog.New(watchdog.Options{
		History: w, Every: every, Now: func() time.Time { return w.now },
		Changed: func() { w.changes++ },
		Log:     slog.New(slog.NewTextHandler(&w.log, nil)),
	})
}

// come adds an event now.
func (w *world) come() { w.events = append(w.events, w.now) }

// live lets time pass until a moment, hour by hour; comes says whether an hour
// brings an event, at its half. The watchdog looks every hour.
func (w *world) live(until time.Time, comes func(time.Time) bool) {
	w.Helper()
	for w.now.Before(until) {
		if comes(w.now) {
			w.events = append(w.events, w.now.Add(30*time.Minute))
		}
		w.now = w.now.Add(time.Hour)
		w.look()
	}
}

func (w *world) look() watchdog.Report {
	w.Helper()
	if err := w.Look(w.Context()); err != nil {
		w.Fatal(err)
	}
	return w.Report()
}

func (w *world) wants(state watchdog.State) {
	w.Helper()
	if r := w.look(); r.State != state {
		w.Errorf("%s: the source is %s, want %s: %+v", w.now.Format("Mon 2 Jan 15:04"), r.State, state, r)
	}
}

// said counts the lines of the log that hold a text.
func (w *world) said(text string) int { return strings.Count(w.log.String(), text) }

var errBroken = errors.New("the store is away")

func (w *world) LastEvent(context.Context) (last time.Time, err error) {
	if w.broken {
		return last, errBroken
	}
	if n := len(w.events); n > 0 {
		last = w.events[n-1]
	}
	return last, nil
}

func (w *world) Validated(context.Context) (time.Time, error) { return w.tested, nil }

func (w *world) EventHours(_ context.Context, since time.Time) ([]time.Time, error) {
	var out []time.Time
	for _, e := range w.events {
		if !e.Before(since) && (len(out) == 0 || !out[len(out)-1].Truncate(time.Hour).Equal(e.Truncate(time.Hour))) {
			out = append(out, e)
		}
	}
	return out, nil
}

// office is open on weekdays from 9 to 17.
func office(t time.Time) bool {
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday && t.Hour() >= 9 && t.Hour() < 17
}
