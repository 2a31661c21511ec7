package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Standing tells where a window stands for an event, which need not be stored
// (then its Seq is 0). It changes nothing.
func (s *Store) Standing(ctx context.Context, w event.Window, here event.Occurrence) (*event.Standing, error) {
	out := &event.Standing{}
	fail := func(err error) (*event.Standing, error) {
		return nil, fmt.Errorf("read the %s of rule %q: %w", w.Kind, w.Rule, s.explain(err))
	}
	scope, at, reach := w.Scope(), ledger.Micros(here.At), w.Length.Microseconds()
	err := s.read.QueryRowContext(ctx, "SELECT run FROM window_events WHERE event_seq = ?1 AND scope = ?2 ORDER BY run LIMIT 1", here.Seq, scope).Scan(&out.Run)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fail(err)
	}
	out.Noted = err == nil
	if w.Kind == event.WindowThreshold {
		const (
			before = `SELECT ` + ledger.OccurrenceColumns + ` FROM window_events w WHERE w.scope = ?1 AND w.run = '' AND w.event_seq <> ?5
				AND w.happened <= ?2 AND w.happened >= ?3 ORDER BY w.happened DESC, w.event_seq DESC LIMIT ?4`
			after = `SELECT ` + ledger.OccurrenceColumns + ` FROM window_events w WHERE w.scope = ?1 AND w.run = '' AND w.event_seq <> ?5
				AND w.happened > ?2 AND w.happened <= ?3 ORDER BY w.happened, w.event_seq LIMIT ?4`
		)
		earlier, err := s.occurrences(ctx, before, scope, at, at-reach, w.Count, here.Seq)
		if err != nil {
			return fail(err)
		}
		slices.Reverse(earlier)
		later, err := s.occurrences(ctx, after, scope, at, at+reach, w.Count, here.Seq)
		if err != nil {
			return fail(err)
		}
		out.Near = append(earlier, later...)
		return out, nil
	}
	var until int64
	const span = `SELECT until, suppressed, run, EXISTS (SELECT 1 FROM runs r WHERE r.id = w.run AND r.status = 'waiting') FROM windows w WHERE scope = ?1`
	err = s.read.QueryRowContext(ctx, span, scope).Scan(&until, &out.Span.Suppressed, &out.Span.Run, &out.Collects)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fail(err)
	}
	out.Span.Until = ledger.Time(until)
	return out, nil
}

func (s *Store) occurrences(ctx context.Context, text string, args ...any) (list []event.Occurrence, err error) {
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	err = drain(rows, func(row ledger.Scanner) error {
		o, err := ledger.ScanOccurrence(row)
		list = append(list, o)
		return err
	})
	return list, err
}
