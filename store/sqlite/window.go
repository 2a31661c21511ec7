package sqlite

import (
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// book is the window.Book of the writer's transaction.
type book struct{ *session }

// Near implements window.Book.
func (b book) Near(scope string, moment time.Time, length time.Duration, n int) ([]event.Occurrence, error) {
	const (
		before = `SELECT ` + ledger.OccurrenceColumns + ` FROM window_events w WHERE w.scope = ?1 AND w.run = ''
			AND w.happened <= ?2 AND w.happened >= ?3 ORDER BY w.happened DESC, w.event_seq DESC LIMIT ?4`
		after = `SELECT ` + ledger.OccurrenceColumns + ` FROM window_events w WHERE w.scope = ?1 AND w.run = ''
			AND w.happened > ?2 AND w.happened <= ?3 ORDER BY w.happened, w.event_seq LIMIT ?4`
	)
	at, reach := ledger.Micros(moment), length.Microseconds()
	out, err := b.occurrences(before, scope, at, at-reach, n)
	if err != nil {
		return nil, err
	}
	slices.Reverse(out)
	later, err := b.occurrences(after, scope, at, at+reach, n)
	return append(out, later...), err
}

func (b book) occurrences(text string, args ...any) (list []event.Occurrence, err error) {
	err = b.Scan(func(row ledger.Scanner) error {
		o, err := ledger.ScanOccurrence(row)
		list = append(list, o)
		return err
	}, text, args...)
	return list, err
}

// Note implements window.Book.
func (b book) Note(scope string, o event.Occurrence, run string) error {
	_, err := b.Exec("INSERT INTO window_events (scope, run, happened, event_seq, event_id) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
		scope, run, ledger.Micros(o.At), o.Seq, o.EventID)
	return err
}

// Use implements window.Book.
func (b book) Use(scope string, used []event.Occurrence, run string) error {
	for _, o := range used {
		_, err := b.Exec("UPDATE window_events SET run = ?4 WHERE scope = ?1 AND run = '' AND happened = ?2 AND event_seq = ?3",
			scope, ledger.Micros(o.At), o.Seq, run)
		if err != nil {
			return err
		}
	}
	return nil
}

// Span implements window.Book.
func (b book) Span(scope string) (event.Span, error) {
	var (
		s     event.Span
		until int64
	)
	err := b.One([]any{&until, &s.Suppressed, &s.Run}, "SELECT until, suppressed, run FROM windows WHERE scope = ?1", scope)
	if errors.Is(err, sql.ErrNoRows) {
		return event.Span{}, nil
	}
	s.Until = ledger.Time(until)
	return s, err
}

// SetSpan implements window.Book.
func (b book) SetSpan(scope string, s event.Span) error {
	_, err := b.Exec(`INSERT INTO windows (scope, until, suppressed, run) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (scope) DO UPDATE SET until = excluded.until, suppressed = excluded.suppressed, run = excluded.run`,
		scope, ledger.Micros(s.Until), s.Suppressed, s.Run)
	return err
}

// Sleeps implements window.Book.
func (b book) Sleeps(runID string) (bool, error) {
	var sleeps bool
	err := b.One([]any{&sleeps}, "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1 AND status = 'waiting')", runID)
	return sleeps, err
}

// endAbsences cancels the runs that awaited this event.
func (s *session) endAbsences(in *arrival) error {
	const text = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM window_events w JOIN runs r ON r.id = w.run
		WHERE w.scope = ?1 AND w.run <> '' AND w.happened <= ?2 AND w.happened >= ?3 ORDER BY r.rid`
	for _, e := range in.Ends {
		runs, err := s.placed(text, e.Window.Scope(), in.happened, in.happened-e.Window.Length.Microseconds())
		if err != nil {
			return err
		}
		for _, p := range runs {
			if !p.Awaits() {
				continue
			}
			if err := s.drop(p, e.Reason, in.Now); err != nil {
				return err
			}
			in.receipt.Dropped++
			if _, err := s.Exec("DELETE FROM window_events WHERE scope = ?1 AND run = ?2", e.Window.Scope(), p.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// sight notes that this event has come, for runs of events that come late.
func (s *session) sight(in *arrival) error {
	for _, e := range in.Ends {
		if err := (book{s}).Note(e.Window.Scope(), ledger.Counted(in.Acceptance, in.seq), ""); err != nil {
			return err
		}
	}
	return nil
}
