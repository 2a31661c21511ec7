package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Standing tells where a window stands for an event, which need not be stored
// (then its Seq is 0). It changes nothing and waits for nobody.
func (s *Store) Standing(ctx context.Context, w event.Window, here event.Occurrence) (*event.Standing, error) {
	out := &event.Standing{}
	fail := func(err error) (*event.Standing, error) {
		return nil, fmt.Errorf("read the %s of rule %q: %w", w.Kind, w.Rule, err)
	}
	scope, at, reach := w.Scope(), ledger.Micros(here.At), w.Length.Microseconds()
	const noted = `SELECT run FROM gavel_window_events WHERE event_seq = $1 AND scope = $2 ORDER BY run LIMIT 1`
	err := s.row(ctx, []any{&out.Run}, noted, here.Seq, scope)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fail(err)
	}
	out.Noted = err == nil
	if w.Kind == event.WindowThreshold {
		const near = `SELECT ` + ledger.OccurrenceColumns + ` FROM (
			(SELECT event_id, event_seq, happened FROM gavel_window_events WHERE scope = $1 AND run = '' AND event_seq <> $5
				AND happened <= $2 AND happened >= $2 - $3::bigint ORDER BY happened DESC, event_seq DESC LIMIT $4)
			UNION ALL
			(SELECT event_id, event_seq, happened FROM gavel_window_events WHERE scope = $1 AND run = '' AND event_seq <> $5
				AND happened > $2 AND happened <= $2 + $3::bigint ORDER BY happened, event_seq LIMIT $4)
		) w ORDER BY w.happened, w.event_seq`
		err := s.query(ctx, func(row ledger.Scanner) error {
			o, err := ledger.ScanOccurrence(row)
			out.Near = append(out.Near, o)
			return err
		}, near, scope, at, reach, w.Count, here.Seq)
		if err != nil {
			return fail(err)
		}
		return out, nil
	}
	var until int64
	const span = `SELECT until, suppressed, run, EXISTS (SELECT 1 FROM gavel_runs r WHERE r.id = w.run AND r.status = 'waiting')
		FROM gavel_windows w WHERE scope = $1`
	err = s.row(ctx, []any{&until, &out.Span.Suppressed, &out.Span.Run, &out.Collects}, span, scope)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fail(err)
	}
	out.Span.Until = ledger.Time(until)
	return out, nil
}
