package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

const selectEvent = `SELECT ` + ledger.EventColumns + ` FROM gavel_events e `

func dialect() ledger.Dialect { return ledger.Dialect{Postgres: true, Tables: "gavel_"} }

func (s *Store) oneEvent(ctx context.Context, what, id, text string, args ...any) (*event.Record, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rec, err := ledger.ScanEvent(s.pool.QueryRow(limited, text, args...))
	if err != nil {
		return nil, explain(ctx, notFound(err, what, id))
	}
	return rec, nil
}

// Event returns one stored event, or event.ErrNotFound.
func (s *Store) Event(ctx context.Context, ref string) (*event.Record, error) {
	key, err := s.find(ctx, "event", "id", ref)
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	rec, err := s.oneEvent(ctx, "event", ref, selectEvent+`WHERE e.id = $1`, key)
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	return rec, nil
}

// Events returns the events that the filter selects. Two machines number their
// events at the same time, so a list by After can miss one that is still being
// stored.
func (s *Store) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	types, err := s.types(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	text, args := dialect().Events(f, types)
	var list []*event.Record
	err = s.look(ctx, func(row ledger.Scanner) error {
		rec, err := ledger.ScanEvent(row)
		list = append(list, rec)
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}

// types returns the stored types of events that the filter's pattern fits, if
// they are needed to list what it selects.
func (s *Store) types(ctx context.Context, f event.EventFilter) ([]string, error) {
	prefix, needed := dialect().Expands(f)
	if !needed {
		return nil, nil
	}
	text, args := dialect().Types(prefix)
	var types []string
	err := s.look(ctx, func(row ledger.Scanner) error {
		var t string
		err := row.Scan(&t)
		types = append(types, t)
		return err
	}, text, args...)
	return types, err
}

// Meeting returns what is known of a meeting, or event.ErrNotFound.
func (s *Store) Meeting(ctx context.Context, ref string) (*event.MeetingState, error) {
	key, err := s.find(ctx, "meeting", "meeting", ref)
	if err != nil {
		return nil, fmt.Errorf("read meeting: %w", err)
	}
	const newest = selectEvent + `WHERE e.meeting = $1 ORDER BY e.happened DESC, e.seq DESC LIMIT 1`
	rec, err := s.oneEvent(ctx, "meeting", ref, newest, key)
	if err != nil {
		return nil, fmt.Errorf("read meeting: %w", err)
	}
	_, id := event.SplitKey(key)
	m := &event.MeetingState{MeetingID: id, Newest: rec, Canceled: rec.Event.Type == event.TypeCanceled}
	const moved = `SELECT count(*) FROM gavel_events WHERE meeting = $1 AND type = $2`
	if err := s.row(ctx, []any{&m.Reschedules}, moved, key, event.TypeRescheduled); err != nil {
		return nil, fmt.Errorf("read meeting %q: %w", ref, err)
	}
	return m, nil
}

// find returns the key of the event or meeting that somebody asks for.
func (s *Store) find(ctx context.Context, what, column, ref string) (string, error) {
	if key, exact := event.ParseRef(ref); exact {
		var known bool
		err := s.row(ctx, []any{&known}, `SELECT EXISTS (SELECT 1 FROM gavel_events WHERE `+column+` = $1)`, key)
		if err != nil || known {
			return key, err
		}
	}
	var keys []string
	err := s.query(ctx, func(row ledger.Scanner) error {
		var key string
		err := row.Scan(&key)
		keys = append(keys, key)
		return err
	}, `SELECT DISTINCT `+column+` FROM gavel_events e WHERE `+dialect().Bare("e."+column)+` = $1 LIMIT 5`, ref)
	switch {
	case err != nil:
		return "", err
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
	const text = selectEvent + `WHERE e.meeting = $1 AND e.happened < $2 ORDER BY e.happened DESC, e.seq DESC LIMIT 1`
	rec, err := s.oneEvent(ctx, "earlier event of meeting", ref, text, key, ledger.Micros(before))
	if err != nil {
		return nil, fmt.Errorf("read previous event: %w", err)
	}
	return rec, nil
}
