package postgres_test

import (
	"crypto/rand"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/postgres"
)

// machine is a process whose clock is off.
type machine struct {
	*postgres.Store
	*testing.T
	off   time.Duration
	owner string
}

func newMachine(t *testing.T, database string, off time.Duration) *machine {
	t.Helper()
	m := &machine{T: t, off: off, owner: rand.Text()}
	var err error
	if m.Store, err = postgres.Open(t.Context(), database, postgres.Options{Clock: m.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func (m *machine) now() time.Time { return time.Now().Add(m.off) }

const lease = time.Minute

// take accepts an event whose run this machine carries out itself, or leaves to
// whoever claims it.
func (m *machine) take(id string, self bool) *event.Run {
	m.Helper()
	body := fmt.Sprintf(`{"eventId":%q,"eventType":%q,"eventTimestamp":"2026-05-04T12:00:00Z","data":{"id":"m-%s"}}`, id, event.TypeScheduled, id)
	ev, err := decode.Event([]byte(body))
	if err != nil {
		m.Fatal(err)
	}
	now := m.now()
	a := event.Acceptance{Event: ev, Revision: "r1", Now: now, Runs: []event.PlannedRun{{Run: event.Run{
		ID: "run of " + id, Rule: "r", Revision: "r1", Status: event.StatusPending, Due: now, Created: now,
	}}}}
	if self {
		a.Owner, a.LeaseUntil = m.owner, now.Add(lease)
	}
	receipt, err := m.Accept(m.Context(), a)
	if err != nil {
		m.Fatal(err)
	}
	if !self {
		return nil
	}
	return receipt.Started[0]
}

func (m *machine) claims(want int) []*event.Run {
	m.Helper()
	now := m.now()
	runs, err := m.Claim(m.Context(), m.owner, now, now.Add(lease), 100)
	if err != nil {
		m.Fatal(err)
	}
	if len(runs) != want {
		m.Errorf("the machine that is off by %v claims %d runs, want %d", m.off, len(runs), want)
	}
	return runs
}

func (m *machine) record(run *event.Run, status event.Status, due time.Time) {
	m.Helper()
	run.Status, run.Due, run.Updated = status, due, m.now()
	if err := m.Record(m.Context(), event.Progress{Run: run, Owner: m.owner, LeaseUntil: m.now().Add(lease)}); err != nil {
		m.Fatal(err)
	}
}

// TestClocksThatDiffer has machines hours apart, none of which takes a run that
// another one is carrying out, or waits for what is due.
func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-3 * time.Hour, -time.Minute, 0, time.Minute, 3 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			database := testkit.NewDatabase(t)
			mine, other := newMachine(t, database, off), newMachine(t, database, -off)

			run := mine.take("accepted", true)
			other.claims(0)
			mine.record(run, event.StatusRunning, run.Due)
			other.claims(0)
			if err := mine.Renew(t.Context(), mine.owner, mine.now().Add(lease)); err != nil {
				t.Fatal(err)
			}
			other.claims(0)

			// A pause is reckoned from now, so it is over everywhere or nowhere.
			mine.record(run, event.StatusPending, mine.now().Add(time.Hour))
			other.claims(0)
			mine.claims(0)
			if due, err := other.NextDue(t.Context()); err != nil || math.Abs(float64(due.Sub(other.now())-time.Hour)) > float64(time.Minute/2) {
				t.Errorf("due in %v by that clock, want 1h (%v)", due.Sub(other.now()), err)
			}
			if err := mine.RunNow(t.Context(), run.ID, mine.now(), "by hand"); err != nil {
				t.Fatal(err)
			}
			run = other.claims(1)[0]
			mine.claims(0)

			// What is left to all is due at once for all.
			mine.take("left", false)
			mine.claims(1)
			other.claims(0)
			if err := mine.Release(t.Context(), mine.owner, mine.now()); err != nil {
				t.Fatal(err)
			}
			other.claims(1)

			// A wait ends at a time of the world, which the server knows.
			other.record(run, event.StatusWaiting, time.Now().Add(10*time.Minute))
			mine.claims(0)
			other.claims(0)
			other.claims(0)
		})
	}
}

func TestFooting(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	for _, off := range []time.Duration{-time.Hour, 0, time.Hour} {
		f, err := newMachine(t, database, off).Footing(t.Context())
		if err != nil || math.Abs(float64(f.ClockAhead-off)) > float64(time.Second) {
			t.Errorf("off by %v: got %v, %v", off, f.ClockAhead, err)
		}
	}
}

// TestCommitsAreOnDisk has a database that would answer before that.
func TestCommitsAreOnDisk(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"off", "local", "remote_write", "on", "remote_apply"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			database := testkit.NewDatabase(t)
			m := newMachine(t, database, 0)
			administer(t, database, "ALTER DATABASE "+nameOf(t, database)+" SET synchronous_commit = "+level)
			administer(t, database, `CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
					RAISE EXCEPTION 'a commit would be answered early: %', current_setting('synchronous_commit');
				END IF; RETURN NEW; END $$;
				CREATE TRIGGER witness BEFORE INSERT ON gavel_events FOR EACH ROW EXECUTE FUNCTION witness()`)
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			newMachine(t, database, 0).take("e1", false)
		})
	}
}
