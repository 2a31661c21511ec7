package retention_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/app/retention"
	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// shelf is a store of events that may go, oldest first.
type shelf struct {
	store.Store
	mu       sync.Mutex // tests change it between two rounds
	events   []*event.Record
	asked    []string
	busy     bool // another process has the name
	failing  string
	released int
	expired  int // values of memory that have
	surplus  int64
	forgot   int // calls
}

func (s *shelf) PruneMemory(_ context.Context, _ time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(limit, s.expired)
	s.expired, s.forgot = s.expired-n, s.forgot+1
	return n, nil
}

func (s *shelf) Shrink(_ context.Context, most int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing == "shrink" {
		return 0, errors.New("the disk is gone")
	}
	n := min(most, s.surplus)
	s.surplus -= n
	return n, nil
}

func (s *shelf) ask(what string, before time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what+" "+before.UTC().Format(time.DateTime))
	if strings.HasPrefix(what, s.failing) && s.failing != "" {
		return errors.New("the disk is gone")
	}
	return nil
}

func (s *shelf) Prune(_ context.Context, before time.Time, limit int) (int, error) {
	n := 0
	for n < limit && n < len(s.events) && s.events[n].Event.Received.Before(before) {
		n++
	}
	s.events = s.events[n:]
	return n, s.ask(fmt.Sprint("prune ", n), before)
}

func (s *shelf) Exclusive(_ context.Context, name string) (func(), bool, error) {
	err := s.ask(name, time.Time{})
	s.mu.Lock()
	defer s.mu.Unlock()
	return func() { s.released++ }, !s.busy && err == nil, err
}

func (s *shelf) PruneRest(_ context.Context, before time.Time) error { return s.ask("rest", before) }

func (s *shelf) Prunable(_ context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error) {
	var out []*event.Record
	for _, r := range s.events {
		if r.Event.Received.Before(before) && r.Event.Received.After(behind.Received) && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *shelf) Runs(context.Context, event.RunFilter) ([]*event.Run, error) { return nil, nil }

func (s *shelf) PruneEvents(_ context.Context, events []event.Ref) (int, error) {
	s.events = s.events[len(events):]
	return len(events), nil
}

// clock is that of the machine, and may be in doubt.
type clock struct {
	mu    sync.Mutex
	doubt string
}

func (c *clock) Now() time.Time { return time.Now() }

func (c *clock) Doubt() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doubt
}

func (c *clock) setDoubt(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubt = text
}

// rig is a retention of a week, and what it says.
type rig struct {
	*retention.Retention
	store *shelf
	clock clock
	log   bytes.Buffer
	stop  func()
}

// start fills the store with n events, one each minute from ten days ago on, and
// lets the first round happen.
func start(t *testing.T, n int, folder string, change func(*rig)) *rig {
	t.Helper()
	r := &rig{store: &shelf{}}
	for i := range n {
		ev := &event.Event{
			Envelope: event.Envelope{ID: fmt.Sprint("e", i)}, Received: time.Now().AddDate(0, 0, -10).Add(time.Duration(i) * time.Minute), Body: []byte(`{}`),
			Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{},
		}
		r.store.events = append(r.store.events, &event.Record{Seq: int64(i + 1), Event: ev})
	}
	if change != nil {
		change(r)
	}
	var err error
	r.Retention, err = retention.New(retention.Options{Store: r.store, Keep: 7 * 24 * time.Hour, Archive: folder, Clock: &r.clock, Log: slog.New(slog.NewTextHandler(&r.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.Run(ctx)
	}()
	r.stop = func() { cancel(); <-over }
	synctest.Wait()
	return r
}

// asked is what the store was asked since the last time.
func (r *rig) asked() string {
	synctest.Wait()
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	text := strings.Join(r.store.asked, ", ")
	r.store.asked = nil
	return text
}

// then lets the store fail or find another process busy from here on.
func (r *rig) then(failing string, busy bool) {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.store.failing, r.store.busy = failing, busy
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// TestDeletes in batches, at once and every minute. In the bubble it is
// 2000-01-01.
func TestDeletes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, 1000, "", nil)
		defer r.stop()
		check(t, "at once", r.asked(), "prune 500 1999-12-25 00:00:00, prune 500 1999-12-25 00:00:00, prune 0 1999-12-25 00:00:00")
		time.Sleep(time.Minute - time.Nanosecond)
		check(t, "before a minute", r.asked(), "")
		time.Sleep(time.Nanosecond)
		check(t, "after a minute", r.asked(), "prune 0 1999-12-25 00:01:00")
		r.then("prune", false)
		time.Sleep(time.Minute)
		check(t, "with a broken disk", r.asked(), "prune 0 1999-12-25 00:02:00")
		if !strings.Contains(r.log.String(), "the disk is gone") || r.Warning() != "" {
			t.Errorf("the log is %q, the warning %q", r.log.String(), r.Warning())
		}
		r.clock.setDoubt("it was moved")
		time.Sleep(time.Hour)
		check(t, "with a clock in doubt", r.asked(), "")
	})
}

// TestForgets: what has expired in memory goes at once and every minute, with an
// archive too, but not by a clock in doubt.
func TestForgets(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"", t.TempDir()} {
		synctest.Test(t, func(t *testing.T) {
			s, c := &shelf{expired: 1200}, &clock{}
			r, err := retention.New(retention.Options{Store: s, Keep: 24 * time.Hour, Archive: folder, Clock: c, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); r.Run(ctx) }()
			time.Sleep(90 * time.Second)
			c.setDoubt("it was moved")
			time.Sleep(time.Hour)
			stop()
			<-done
			if s.expired != 0 || s.forgot != 4 {
				t.Errorf("archive %q: %d values left after %d calls, want 0 after 4", folder, s.expired, s.forgot)
			}
		})
	}
}

// TestShrinks: what is free is given back in steps, with an archive too, and
// told once.
func TestShrinks(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"", t.TempDir()} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, 3, folder, func(r *rig) { r.store.surplus = 5<<20 + 1 })
			defer r.stop()
			m := metrics.New("test")
			r.Register(m)
			time.Sleep(time.Second)
			synctest.Wait()
			check(t, "left", fmt.Sprint(r.store.surplus), "0")
			check(t, "told", fmt.Sprint(strings.Count(r.log.String(), "given back to the disk\" bytes=5242881")), "1")
			want := "# HELP gavel_pruned_events_total Events removed from the database because of --keep, including those that were archived.\n# TYPE gavel_pruned_events_total counter\ngavel_pruned_events_total 3\n"
			if err := testutil.GatherAndCompare(m, strings.NewReader(want), "gavel_pruned_events_total"); err != nil {
				t.Error(err)
			}
			r.then("shrink", false)
			time.Sleep(time.Minute)
			synctest.Wait()
			check(t, "a failure told", fmt.Sprint(strings.Count(r.log.String(), "cannot give free space")), "1")
		})
	}
}

func TestArchives(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "archive")
	synctest.Test(t, func(t *testing.T) {
		r := start(t, 3, folder, nil)
		defer r.stop()
		m := metrics.New("test")
		r.Register(m)
		numbers := func(moved, up string) {
			t.Helper()
			families, err := m.Gather()
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range families {
				switch f.GetName() {
				case "gavel_archived_events_total":
					got += fmt.Sprint(f.Metric[0].Counter.GetValue(), " ")
				case "gavel_archive_up":
					got += fmt.Sprint(f.Metric[0].Gauge.GetValue())
				}
			}
			check(t, "the metrics", got, up+moved)
		}
		check(t, "at once", r.asked(), "archive 0001-01-01 00:00:00, rest 1999-12-25 00:00:00")
		if len(r.store.events) != 0 || r.store.released != 1 || !strings.Contains(r.log.String(), "events=3 files=1") {
			t.Errorf("%d left, released %d times, the log is %q", len(r.store.events), r.store.released, r.log.String())
		}
		numbers("3 ", "1")
		time.Sleep(24*time.Hour - time.Minute)
		check(t, "on the same day", r.asked(), "")
		r.then("rest", false)
		time.Sleep(time.Minute)
		check(t, "on the next day", r.asked(), "archive 0001-01-01 00:00:00, rest 1999-12-26 00:00:00")
		time.Sleep(2 * time.Minute)
		check(t, "until it is done", r.asked(), "archive 0001-01-01 00:00:00, rest 1999-12-26 00:00:00, archive 0001-01-01 00:00:00, rest 1999-12-26 00:00:00")
		if !strings.Contains(r.Warning(), "the disk is gone") || strings.Count(r.log.String(), "the disk is gone") != 1 {
			t.Errorf("the warning is %q, the log %q", r.Warning(), r.log.String())
		}
		numbers("3 ", "0")
		r.then("archive", false)
		time.Sleep(time.Minute)
		check(t, "without the name", r.asked(), "archive 0001-01-01 00:00:00")
		r.then("", true)
		time.Sleep(time.Minute)
		check(t, "beside another process", r.asked(), "archive 0001-01-01 00:00:00")
		if r.Warning() == "" {
			t.Error("another process's turn ends the warning")
		}
		r.then("", false)
		time.Sleep(time.Minute)
		check(t, "at last", r.asked(), "archive 0001-01-01 00:00:00, rest 1999-12-26 00:00:00")
		check(t, "the warning", r.Warning(), "")
		r.clock.setDoubt("it was moved")
		time.Sleep(48 * time.Hour)
		check(t, "with a clock in doubt", r.asked(), "")
	})
	if _, err := archive.Open(folder); err != nil {
		t.Error(err)
	}
}

// TestArchiveOfMinutes: who keeps events for less than a day has them moved as
// they get old, not by whole days.
func TestArchiveOfMinutes(t *testing.T) {
	t.Parallel()
	for keep, want := range map[time.Duration]string{
		24*time.Hour - time.Minute: "rest 1999-12-31 12:01:00", 24 * time.Hour: "rest 1999-12-31 00:00:00",
	} {
		folder := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(12 * time.Hour)
			s := &shelf{}
			r, err := retention.New(retention.Options{Store: s, Keep: keep, Archive: folder, Clock: &clock{}, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			r.Run(ctx)
			check(t, keep.String(), s.asked[len(s.asked)-1], want)
		})
	}
}

func TestNoArchive(t *testing.T) {
	t.Parallel()
	r, err := retention.New(retention.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New("test")
	r.Register(m)
	if n, err := testutil.GatherAndCount(m, "gavel_archive_up", "gavel_archived_events_total"); err != nil || n != 2 {
		t.Errorf("%d metrics, %v", n, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := retention.New(retention.Options{Archive: file}); err == nil || !strings.Contains(err.Error(), "--archive") {
		t.Errorf("a file as the folder: %v", err)
	}
}
