package app

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/vault"
	"github.com/gavel-rules/gavel/watchdog"
)

// TestTheRhythmIsLearntFromTheStore has five weeks of office hours in a real
// database, and the clock of the Monday after.
func TestTheRhythmIsLearntFromTheStore(t *testing.T) {
	t.Parallel()
	store, err := vault.OpenSealed(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "gavel.db"), "", vault.Serve)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	accept := func(kind string, at time.Time) {
		t.Helper()
		body, err := sample.Body(kind, fmt.Sprint("ev-", at.Unix()), at)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		ev.Received = at
		if _, err := store.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "r1", Now: at}); err != nil {
			t.Fatal(err)
		}
	}
	accept(event.TypeWebhookTest, monday.Add(-time.Minute))
	for day := range 5 * 7 {
		for hour := range 8 {
			if at := monday.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour); at.Weekday()%6 != 0 {
				accept(event.TypeScheduled, at)
			}
		}
	}
	now := monday.AddDate(0, 0, 35) // nothing has come since Friday, 16:00
	dog := watchdog.New(watchdog.Options{History: sourceHistory{store}, Now: func() time.Time { return now }})
	for at, want := range map[time.Time]watchdog.State{now: watchdog.Active, now.Add(3*time.Hour - 1): watchdog.Active, now.Add(4 * time.Hour): watchdog.Quiet} {
		now = at
		if err := dog.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := dog.Report()
		if r.State != want || r.Basis != "learned from the last 4 weeks" || !r.Validated.Equal(monday.Add(-time.Minute)) || !r.LastEvent.Equal(monday.AddDate(0, 0, 32).Add(7*time.Hour)) {
			t.Errorf("%s: %+v, want %s", at.Format("Mon 15:04"), r, want)
		}
	}
}
