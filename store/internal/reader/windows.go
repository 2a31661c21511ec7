package reader

import (
	"context"
	"fmt"
	"slices"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// WindowState returns the state of a window for an event, which need not be
// stored (then its Seq is 0). It changes nothing and takes no locks.
func (r *Reader) WindowState(ctx context.Context, w event.Window, here event.Occurrence) (*event.WindowState, error) {
	s := &event.WindowState{}
	err := r.standing(ctx, w, here, s)
	if err != nil {
		return nil, fmt.Errorf("read the %s of rule %q: %w", w.Kind, w.Rule, err)
	}
	return s, nil
}

func (r *Reader) standing(ctx context.Context, w event.Window, here event.Occurrence, s *event.WindowState) (err error) {
	const (
		noted = "SELECT run FROM ~window_events WHERE event_seq = $1 AND scope = $2 ORDER BY run LIMIT 1"
		near  = "SELECT " + ledger.OccurrenceColumns + ` FROM (
			SELECT * FROM (SELECT event_id, event_seq, happened FROM ~window_events WHERE scope = $1 AND run = '' AND event_seq <> $5
				AND happened <= $2 AND happened >= $3 ORDER BY happened DESC, event_seq DESC LIMIT $6) AS earlier
			UNION ALL
			SELECT * FROM (SELECT event_id, event_seq, happened FROM ~window_events WHERE scope = $1 AND run = '' AND event_seq <> $5
				AND happened > $2 AND happened <= $4 ORDER BY happened, event_seq LIMIT $6) AS later
			) w ORDER BY w.happened, w.event_seq`
		span = `SELECT until, suppressed, run, EXISTS (SELECT 1 FROM ~runs r WHERE r.id = w.run AND r.status = 'waiting')
			FROM ~windows w WHERE scope = $1`
	)
	if s.Noted, err = r.one(ctx, into(&s.Run), noted, here.Seq, w.Scope()); err != nil {
		return err
	}
	if w.Kind == event.WindowThreshold || w.Kind == event.WindowAbsence {
		at, reach := ledger.Micros(here.At), w.Length.Microseconds()
		s.Near, err = all(ctx, r.each, ledger.ScanOccurrence, r.dialect.sql(near), w.Scope(), at, at-reach, at+reach, here.Seq, max(w.Count, 1))
		return err
	}
	var until int64
	_, err = r.one(ctx, into(&until, &s.Span.Suppressed, &s.Span.Run, &s.Collects), span, w.Scope())
	s.Span.Until = ledger.Time(until)
	return err
}

// Gathered returns the events that a threshold or a digest has collected for a
// run; the zero Gathering if none.
func (r *Reader) Gathered(ctx context.Context, runID string) (*event.Gathering, error) {
	g := &event.Gathering{}
	const text = `SELECT w.event_id, w.happened, e.body, (SELECT count(*) FROM ~window_events WHERE run = $1 AND run <> '')
		FROM ~window_events w LEFT JOIN ~events e ON e.seq = w.event_seq
		WHERE w.run = $1 AND w.run <> '' ORDER BY w.happened DESC, w.event_seq DESC LIMIT $2`
	list, err := all(ctx, r.each, func(row ledger.Scanner) (event.Gathered, error) {
		return ledger.ScanGathered(row, &g.Count)
	}, r.dialect.sql(text), runID, event.GatherAtMost)
	if err != nil {
		return nil, fmt.Errorf("read the events of run %q: %w", runID, err)
	}
	slices.Reverse(list)
	g.Events = list
	return g, nil
}
