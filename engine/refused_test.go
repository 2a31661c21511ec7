package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite" // to change the database as a fault would

	"github.com/gavel-rules/gavel/event"
)

// sabotage changes the database behind the store's back.
func (b *bench) sabotage(text string) {
	b.t.Helper()
	db, err := sql.Open("sqlite", "file:"+b.path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(text); err != nil {
		b.t.Fatal(err)
	}
}

// TestProgressThatCannotBeRecorded: whatever the store refuses, what was sent
// is not sent without end, and the run says why it ended.
func TestProgressThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	check := func(name, retry, trigger string, answer func(context.Context, sending) (any, error), sendings int, reason string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, `
rules:
  - name: r
    event: "*"
    actions:
      - probe: { text: a }
        retry: `+retry+`
`)
				b.probe.answer = answer
				if trigger != "" {
					b.sabotage("CREATE TRIGGER refuse BEFORE " + trigger + " BEGIN SELECT RAISE(ABORT, 'not this row'); END")
				}
				b.take(event.TypeScheduled, "e1")
				time.Sleep(6 * time.Hour)
				settle()
				if n := len(b.probe.all()); n != sendings {
					t.Errorf("%d sendings, want %d", n, sendings)
				}
				if trouble := b.engine.Troubles(); trouble.Refused == 0 || trouble.RefusedBecause == "" {
					t.Errorf("troubles: %+v", trouble)
				}
				if strings.HasPrefix(reason, "!") { // nothing at all can be stored
					if trouble := b.engine.Troubles(); trouble.Unrecorded != 1 {
						t.Errorf("troubles: %+v", trouble)
					}
					b.sabotage("DROP TRIGGER refuse")
					time.Sleep(time.Minute)
					settle()
				}
				run := b.only()
				if run.Status != event.StatusFailed || !strings.Contains(run.Reason, strings.TrimPrefix(reason, "!")) {
					t.Errorf("run %s: %s; want failed with %q", run.Status, run.Reason, reason)
				}
				if n := len(b.probe.all()); n != sendings {
					t.Errorf("%d sendings in the end, want %d", n, sendings)
				}
				if trouble := b.engine.Troubles(); trouble.Unrecorded != 0 {
					t.Errorf("troubles in the end: %+v", trouble)
				}
			})
		})
	}
	unstorable := func(context.Context, sending) (any, error) { return &probeResult{Number: 666}, nil }
	check("a result that is refused", "{ max: 5 }", "UPDATE ON runs WHEN CAST(NEW.results AS TEXT) LIKE '%666%'", unstorable, 1, "cannot be stored")
	check("a result that is refused, single try", "false", "UPDATE ON runs WHEN CAST(NEW.results AS TEXT) LIKE '%666%'", unstorable, 1, "cannot be stored")
	check("every step ahead is refused", "{ max: 5 }", "UPDATE ON runs WHEN NEW.next > 0", nil, 1, "not this row")
	check("no history can be written", "{ max: 5 }", "INSERT ON attempts", nil, 1, "!not this row")
	check("nothing of the run can be written", "false", "UPDATE ON runs WHEN NEW.next > 0 OR NEW.status = 'failed'", nil, 1, "!not this row")
	check("a failure that is refused", "{ max: 3, initial: 1s }", "UPDATE ON runs WHEN NEW.reason LIKE '%; try %'",
		failWith(9, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "503"}), 1, "cannot be stored")
}

// TestUnknownCountsAsATry: a run that is picked up after its process died
// comes to its end, however often that happens.
func TestUnknownCountsAsATry(t *testing.T) {
	t.Parallel()
	check := func(retry string, inFlight bool, status event.Status, sendings int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, `
rules:
  - name: r
    event: "*"
    actions:
      - probe: { text: a }
        retry: `+retry+`
`)
			b.takeThenDie(event.TypeScheduled, "e1", inFlight)
			time.Sleep(31 * time.Second)
			settle()
			if run := b.only(); run.Status != status || len(b.probe.all()) != sendings {
				t.Errorf("retry %s, in flight %v: run %s (%s), %d sendings", retry, inFlight, run.Status, run.Reason, len(b.probe.all()))
			}
		})
	}
	check("false", false, event.StatusSucceeded, 1) // never marked, so certainly not sent
	check("false", true, event.StatusFailed, 0)
	check("{ max: 2 }", true, event.StatusSucceeded, 1)
}

// TestEngineThatCanRecordNothing: when run after run is refused, the engine is
// not able to work; when one is, it is.
func TestEngineThatCanRecordNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, chain)
		b.sabotage("CREATE TRIGGER refuse BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no space in here'); END")
		b.take(event.TypeScheduled, "e1")
		settle()
		if text := b.engine.UnhealthyReason(); text != "" {
			t.Errorf("after one run: %s", text)
		}
		b.take(event.TypeScheduled, "e2")
		b.take(event.TypeScheduled, "e3")
		settle()
		if text := b.engine.UnhealthyReason(); !strings.Contains(text, "3 runs in a row") || !strings.Contains(text, "no space in here") {
			t.Errorf("after three runs: %q", text)
		}
		b.sabotage("DROP TRIGGER refuse")
		time.Sleep(time.Minute)
		settle()
		if text := b.engine.UnhealthyReason(); text != "" {
			t.Errorf("in the end: %s", text)
		}
	})
}

// TestRunThatCannotBegin ends: at once when what it needs is gone, after a day
// when it may come back.
func TestRunThatCannotBegin(t *testing.T) {
	t.Parallel()
	check := func(name, fault string, after time.Duration, status event.Status, reason string, stuck int) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, reminder)
				b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
				settle()
				b.close()
				b.load(strings.Replace(reminder, "soon", "later", 1)) // another revision
				b.open("second")
				b.sabotage(fault + " WHERE revision <> '" + b.current().Revision + "'")
				time.Sleep(9*time.Hour + after)
				settle()
				if run := b.only(); run.Status != status || !strings.Contains(run.Reason, reason) {
					t.Errorf("run %s: %s; want %s with %q", run.Status, run.Reason, status, reason)
				}
				if trouble := b.engine.Troubles(); trouble.Stuck != stuck {
					t.Errorf("troubles: %+v", trouble)
				}
				if n := len(b.probe.all()); n != 0 {
					t.Errorf("%d sendings", n)
				}
			})
		})
	}
	const unreadable = "UPDATE revisions SET sources = x'00'"
	check("rules that cannot be read, soon", unreadable, time.Hour, event.StatusPending, "postponed:", 1)
	check("rules that cannot be read, in the end", unreadable, 25*time.Hour, event.StatusFailed, "could not continue for 24h", 0)
	check("rules that are gone", "DELETE FROM revisions", time.Minute, event.StatusFailed, "cannot continue: rules of revision", 0)
}

// TestStopGivesLeasesBack: what a process that stops has claimed and not done
// is there for the next at once.
func TestStopGivesLeasesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, chain)
		now := time.Now()
		b.takeThenDie(event.TypeScheduled, "e1", false)
		b.sabotage("UPDATE runs SET owner = 'first'") // claimed, and not begun
		b.close()
		b.open("second")
		settle()
		if run := b.only(); run.Status != event.StatusSucceeded {
			t.Errorf("run %s after %s", run.Status, time.Since(now))
		}
	})
}

// TestWhatAnEventDoesToRunsIsAllOrNothing: an event whose effect on the waiting
// runs cannot be stored is not acknowledged.
func TestWhatAnEventDoesToRunsIsAllOrNothing(t *testing.T) {
	t.Parallel()
	check := func(eventType string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, reminder)
			b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
			settle()
			b.sabotage("CREATE TRIGGER refuse BEFORE UPDATE OF due, status ON runs BEGIN SELECT RAISE(ABORT, 'not this row'); END")
			ev := made(t, eventType, "changed", about(20*time.Hour)...)
			if receipt, err := b.engine.Take(t.Context(), ev); err == nil {
				t.Errorf("%s was acknowledged: %+v", eventType, receipt)
			}
			if _, err := b.store.Event(t.Context(), "changed"); !errors.Is(err, event.ErrNotFound) {
				t.Errorf("%s is stored: %v", eventType, err)
			}
			b.sabotage("DROP TRIGGER refuse")
			if receipt, err := b.engine.Take(t.Context(), ev); err != nil || receipt.Duplicate || receipt.Moved+receipt.Dropped != 1 {
				t.Errorf("delivered again: %+v, %v", receipt, err)
			}
		})
	}
	check(event.TypeRescheduled)
	check(event.TypeCanceled)
}
