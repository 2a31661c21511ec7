package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

const selectEvent = `SELECT ` + ledger.EventColumns + ` FROM events e `

// Event returns one stored event, or event.ErrNotFound.
func (s *Store) Event(ctx context.Context, ref string) (*event.Record, error) {
	key, err := s.find(ctx, "event", "id", ref)
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	rec, err := ledger.ScanEvent(s.read.QueryRowContext(ctx, selectEvent+`WHERE e.id = ?1`, key))
	if err != nil {
		return nil, fmt.Errorf("read event: %w", s.explain(notFound(err, "event", ref)))
	}
	return rec, nil
}

// Events returns the events that the filter selects.
func (s *Store) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	types, err := s.types(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", s.explain(err))
	}
	text, args := ledger.Dialect{}.Events(f, types)
	return s.records(ctx, "list events", text, args...)
}

// records reads the events that a query selects; doing is what an error begins
// with.
func (s *Store) records(ctx context.Context, doing, text string, args ...any) ([]*event.Record, error) {
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, s.explain(err))
	}
	var list []*event.Record
	err = drain(rows, func(row ledger.Scanner) error {
		rec, err := ledger.ScanEvent(row)
		list = append(list, rec)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, s.explain(err))
	}
	return list, nil
}

// types returns the stored types of events that the filter's pattern fits, if
// they are needed to list what it selects.
func (s *Store) types(ctx context.Context, f event.EventFilter) ([]string, error) {
	prefix, needed := ledger.Dialect{}.Expands(f)
	if !needed {
		return nil, nil
	}
	text, args := ledger.Dialect{}.Types(prefix)
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	var types []string
	err = drain(rows, func(row ledger.Scanner) error {
		var t string
		err := row.Scan(&t)
		types = append(types, t)
		return err
	})
	return types, err
}

// Meeting returns what is known of a meeting, or event.ErrNotFound.
func (s *Store) Meeting(ctx context.Context, ref string) (*event.MeetingState, error) {
	key, err := s.find(ctx, "meeting", "meeting", ref)
	if err != nil {
		return nil, fmt.Errorf("read meeting: %w", err)
	}
	const newest = selectEvent + `WHERE e.meeting = ?1 ORDER BY e.happened DESC, e.seq DESC LIMIT 1`
	rec, err := ledger.ScanEvent(s.read.QueryRowContext(ctx, newest, key))
	if err != nil {
		return nil, fmt.Errorf("read meeting: %w", s.explain(notFound(err, "meeting", ref)))
	}
	_, id := event.SplitKey(key)
	m := &event.MeetingState{MeetingID: id, Newest: rec, Canceled: rec.Event.Type == event.TypeCanceled}
	const moved = `SELECT count(*) FROM events WHERE meeting = ?1 AND type = ?2`
	if err := s.read.QueryRowContext(ctx, moved, key, event.TypeRescheduled).Scan(&m.Reschedules); err != nil {
		return nil, fmt.Errorf("read meeting %q: %w", ref, s.explain(err))
	}
	return m, nil
}

// find returns the key of the event or meeting that somebody asks for.
func (s *Store) find(ctx context.Context, what, column, ref string) (string, error) {
	if key, exact := event.ParseRef(ref); exact {
		var known bool
		if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM events WHERE `+column+` = ?1)`, key).Scan(&known); err != nil || known {
			return key, s.explain(err)
		}
	}
	rows, err := s.read.QueryContext(ctx, `SELECT DISTINCT `+column+` FROM events e WHERE `+ledger.Dialect{}.Bare("e."+column)+` = ?1 LIMIT 5`, ref)
	if err != nil {
		return "", s.explain(err)
	}
	var keys []string
	err = drain(rows, func(row ledger.Scanner) error {
		var key string
		err := row.Scan(&key)
		keys = append(keys, key)
		return err
	})
	switch {
	case err != nil:
		return "", s.explain(err)
	case len(keys) == 0:
		return "", fmt.Errorf("%s %q: %w", what, ref, event.ErrNotFound)
	case len(keys) > 1:
		return "", event.Ambiguous(what, ref, keys)
	}
	return keys[0], nil
}

// PreviousEvent returns the newest event of the meeting that is older than
// before, or event.ErrNotFound.
func (s *Store) PreviousEvent(ctx context.Context, ref string, before time.Time) (*event.Record, error) {
	key, err := s.find(ctx, "meeting", "meeting", ref)
	if err != nil {
		return nil, fmt.Errorf("read previous event: %w", err)
	}
	const text = selectEvent + `WHERE e.meeting = ?1 AND e.happened < ?2 ORDER BY e.happened DESC, e.seq DESC LIMIT 1`
	rec, err := ledger.ScanEvent(s.read.QueryRowContext(ctx, text, key, ledger.Micros(before)))
	if err != nil {
		return nil, fmt.Errorf("read previous event: %w", s.explain(notFound(err, "earlier event of meeting", ref)))
	}
	return rec, nil
}

func drain(rows *sql.Rows, each func(ledger.Scanner) error) error {
	defer func() { _ = rows.Close() }() // closing again what Next has closed tells nothing
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
