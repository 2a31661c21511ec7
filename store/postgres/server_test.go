package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/postgres"
)

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// acceptance is an event with one run that is due now.
func acceptance(t testing.TB, id string) event.Acceptance {
	t.Helper()
	body := fmt.Sprintf(`{"eventId":%q,"eventType":%q,"eventTimestamp":"2026-05-04T12:00:00Z","data":{"id":"m-%s","meetingInfo":{"location":%q}}}`,
		id, event.TypeScheduled, id, strings.Repeat("x", 1200))
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return event.Acceptance{
		Event: ev, Revision: "r1", Now: noon(),
		Runs: []event.PlannedRun{{Run: event.Run{ID: "run of " + id, Rule: "r", Revision: "r1", Lanes: []string{event.Lane("m-"+id, "slack")}}}},
	}
}

func woken(t *testing.T, s *postgres.Store) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case <-s.Woken():
		return true
	case <-ctx.Done():
		return false
	}
}

func TestOthersAreWoken(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	here, there := open(t, database), open(t, database)
	woken(t, there) // once it listens
	if _, err := here.Accept(t.Context(), acceptance(t, "e1")); err != nil {
		t.Fatal(err)
	}
	if !woken(t, there) {
		t.Error("a new run woke nobody")
	}
	if err := here.CancelRun(t.Context(), "run of e1", noon(), "no"); err != nil {
		t.Fatal(err)
	}
	if err := here.RetryRun(t.Context(), "run of e1", noon(), "yes"); err != nil {
		t.Fatal(err)
	}
	if !woken(t, there) {
		t.Error("a run retried manually woke nobody")
	}
}

// cut ends all connections to the database but its own.
func cut(t *testing.T, database string) {
	t.Helper()
	administer(t, database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

func TestLostConnections(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	s := open(t, database)
	woken(t, s) // once it listens
	for round := range 5 {
		cut(t, database)
		// The first calls may fail, and then say that trying again helps; soon
		// it works again.
		deadline := time.Now().Add(20 * time.Second)
		for {
			_, err := s.Accept(t.Context(), acceptance(t, fmt.Sprint(round)))
			if err == nil {
				break
			}
			if !errors.Is(err, event.ErrUnavailable) {
				t.Fatalf("got %v, want ErrUnavailable", err)
			}
			if time.Now().After(deadline) {
				t.Fatalf("no recovery: %v", err)
			}
		}
	}
	if !woken(t, s) {
		t.Error("it does not listen again")
	}
}

// TestLostAnswer takes away a store's connection while its claim is on the way,
// and checks that renewing does not keep the run from others.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	s := open(t, database)
	if _, err := s.Accept(t.Context(), acceptance(t, "e1")); err != nil {
		t.Fatal(err)
	}
	// The claim is held up behind a lock, its caller leaves, and then it goes
	// through on the server all the same or not at all.
	blocker, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blocker.Close(context.Background()) }()
	tx, err := blocker.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE gavel_runs IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer leave()
	if _, err := s.Claim(ctx, "me", noon(), noon().Add(time.Minute), 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the context's error", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Renew(t.Context(), "me", noon().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	runs, err := s.Claim(t.Context(), "you", noon().Add(2*time.Minute), noon().Add(time.Hour), 10)
	if err != nil || len(runs) != 1 {
		t.Errorf("claimed %v, %v; want the run", runs, err)
	}
}

// TestClaimUsesItsIndexes keeps the cost of a claim apart from the number of
// runs that wait.
func TestClaimUsesItsIndexes(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	s := open(t, database)
	if _, err := s.Accept(t.Context(), acceptance(t, "e1")); err != nil {
		t.Fatal(err)
	}
	administer(t, database, `INSERT INTO gavel_runs SELECT nextval('gavel_run_rid'), 'w' || i, 1, 'e', 't', 0, 'r', 'r1', 'm' || i, false, 'waiting', false,
		'', 9000000000000000 + i, 0, 0, false, true, NULL, NULL, 0, 0, 0, 0, 0, NULL FROM generate_series(1, 20000) i`)
	administer(t, database, "ANALYZE gavel_runs")
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for what, query := range map[string]string{
		"gavel_runs_due":    "SELECT rid, due FROM gavel_runs WHERE NOT held AND status IN ('pending', 'waiting') AND due <= 1 ORDER BY due LIMIT 10 FOR UPDATE SKIP LOCKED",
		"gavel_runs_lease":  "SELECT rid, due FROM gavel_runs WHERE status = 'running' AND lease_until <= 1 ORDER BY lease_until LIMIT 10 FOR UPDATE SKIP LOCKED",
		"gavel_runs_follow": "SELECT rid FROM gavel_runs r WHERE r.meeting = ANY('{m1,m2}'::text[]) AND r.follow AND r.status IN ('pending', 'waiting', 'running') FOR UPDATE",
	} {
		rows, err := conn.Query(t.Context(), "EXPLAIN "+query)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "\n"); !strings.Contains(text, what) {
			t.Errorf("the plan does not use %s:\n%s", what, text)
		}
	}
	runs, err := s.Claim(t.Context(), "me", noon(), noon().Add(time.Minute), 10)
	if err != nil || len(runs) != 1 {
		t.Errorf("claimed %v, %v; want the run that is due", runs, err)
	}
}

// TestPruneEventsWaits holds an event as indexing does: an event that pruning
// passed over would stay, and be archived again.
func TestPruneEventsWaits(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	s := open(t, database)
	a := acceptance(t, "e1")
	a.Runs = nil
	if _, err := s.Accept(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	rec, err := s.Event(t.Context(), "e1")
	if err != nil {
		t.Fatal(err)
	}
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	watch := connect() // a transaction would see the same activity again and again
	tx, err := connect().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT seq FROM gavel_events FOR SHARE"); err != nil {
		t.Fatal(err)
	}
	type pruned struct {
		n   int
		err error
	}
	done := make(chan pruned, 1)
	go func() {
		n, err := s.PruneEvents(t.Context(), []event.Ref{{Seq: rec.Seq, ID: "e1"}})
		done <- pruned{n, err}
	}()
	testkit.Eventually(t, "pruning waits, or is done", func() bool {
		var waiting bool
		const text = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
		if err := watch.QueryRow(t.Context(), text).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting || len(done) > 0
	})
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.n != 1 || got.err != nil {
		t.Errorf("%d events are pruned, %v", got.n, got.err)
	}
}
