package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/store/sqlite"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// acceptance is an event with a body of some size and a run that is handed to
// "me" for an hour.
func acceptance(t *testing.T, id string, size int) event.Acceptance {
	t.Helper()
	body := fmt.Sprintf(`{"eventId":%q,"eventType":%q,"eventTimestamp":"2026-05-04T12:00:00Z","data":{"id":"m-%s","meetingInfo":{"location":%q}}}`,
		id, event.TypeScheduled, id, strings.Repeat("x", size))
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return event.Acceptance{
		Event: ev, Revision: "r1", Owner: "me", Now: noon(), LeaseUntil: noon().Add(time.Hour),
		Runs: []event.PlannedRun{{Run: event.Run{ID: "run of " + id, Rule: "r", Revision: "r1", Lanes: []string{event.Lane("m-"+id, "slack")}}}},
	}
}

func accept(t *testing.T, s *sqlite.Store, id string) event.Receipt {
	t.Helper()
	receipt, err := s.Accept(t.Context(), acceptance(t, id, 10))
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// copied copies the files of a database that is in use, which is what a
// machine that loses power would find.
func copied(t *testing.T, path string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), "gavel.db")
	for _, suffix := range []string{"", "-wal", ".lock"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		write(t, other+suffix, string(content))
	}
	return other
}

func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{Exclusive: true})
	run := accept(t, s, "sent").Started[0]
	run.InFlight = true
	if err := s.Record(t.Context(), event.Progress{Run: run, Owner: "me", LeaseUntil: noon().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	accept(t, s, "unsent")

	after := open(t, copied(t, path), sqlite.Options{Exclusive: true})
	runs, err := after.Claim(t.Context(), "new", noon(), noon().Add(time.Hour), 10)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, r := range runs {
		got[r.ID] = r.InFlight
		if !r.Reclaimed {
			t.Errorf("%s is not marked as reclaimed", r.ID)
		}
	}
	if len(got) != 2 || !got["run of sent"] || got["run of unsent"] {
		t.Errorf("claimed %v, want both runs at once, and only the first in flight", got)
	}
}

func TestAnotherProcessLeavesLeasesAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	accept(t, open(t, path, sqlite.Options{Exclusive: true}), "e1")
	beside := open(t, path, sqlite.Options{})
	runs, err := beside.Claim(t.Context(), "you", noon(), noon().Add(time.Hour), 10)
	if err != nil || len(runs) > 0 {
		t.Errorf("claimed %v, %v", runs, err)
	}
}

func TestAnotherProcessWakesTheServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	server := open(t, path, sqlite.Options{Exclusive: true, WatchEvery: 5 * time.Millisecond})
	accept(t, server, "e1")
	command := open(t, path, sqlite.Options{})
	if err := command.CancelRun(t.Context(), "run of e1", noon(), "by hand"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-server.Woken():
	case <-ctx.Done():
		t.Error("the server was not woken")
	}
}

// fill accepts events until the store takes no more.
func fill(t *testing.T, s *sqlite.Store) (stored []string) {
	t.Helper()
	for i := range 10_000 {
		id := fmt.Sprintf("e%d", i)
		_, err := s.Accept(t.Context(), acceptance(t, id, 10_000))
		if err != nil {
			if !errors.Is(err, event.ErrUnavailable) || !strings.Contains(err.Error(), "full") {
				t.Fatalf("a full store answers %v", err)
			}
			return stored
		}
		stored = append(stored, id)
	}
	t.Fatal("the store was never full")
	return nil
}

// checkFull fills a store and checks that it is whole, says so, and takes
// events again as soon as there is room.
func checkFull(t *testing.T, s *sqlite.Store, makeRoom func(t *testing.T)) {
	t.Helper()
	stored := fill(t, s)
	if len(stored) == 0 {
		t.Fatal("nothing could be stored at all")
	}
	if _, err := s.Accept(t.Context(), acceptance(t, "more", 10_000)); !errors.Is(err, event.ErrUnavailable) {
		t.Errorf("still full: got %v, want ErrUnavailable", err)
	}
	for _, id := range stored {
		if _, err := s.Event(t.Context(), id); err != nil {
			t.Fatalf("acknowledged but lost: %v", err)
		}
	}
	c, err := s.Counts(t.Context())
	if err != nil || c.Events != int64(len(stored)) || c.Runs[event.StatusRunning] != int64(len(stored)) {
		t.Errorf("counts %+v, %v; want %d events with a run each", c, err, len(stored))
	}
	makeRoom(t)
	accept(t, s, "afterwards")
}

func TestFullStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{MaxBytes: 1 << 20})
	checkFull(t, s, func(t *testing.T) {
		if err := s.Release(t.Context(), "me", noon()); err != nil {
			t.Fatal(err)
		}
		runs, err := s.Runs(t.Context(), event.RunFilter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			// Ending a run adds to its history, for which there may be no room.
			if err := s.CancelRun(t.Context(), r.ID, noon(), "make room"); err != nil && !errors.Is(err, event.ErrUnavailable) {
				t.Fatal(err)
			}
		}
		if n, err := s.Prune(t.Context(), noon().Add(time.Hour), 1000); err != nil || n == 0 {
			t.Fatalf("pruned %d, %v", n, err)
		}
	})
}

func TestLockedStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{})
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(t.Context(), acceptance(t, "e1", 10)); !errors.Is(err, event.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if _, err := s.Event(t.Context(), "e1"); !errors.Is(err, event.ErrNotFound) {
		t.Errorf("reading waits for no lock: got %v, want ErrNotFound", err)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	accept(t, s, "e1")
}
