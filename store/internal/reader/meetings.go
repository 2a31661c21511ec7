package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Meeting returns the state of a meeting, or event.ErrNotFound.
func (r *Reader) Meeting(ctx context.Context, ref string) (*event.MeetingState, error) {
	key, err := r.key(ctx, "meeting", "meeting", ref)
	if err != nil {
		return nil, fmt.Errorf("read meeting: %w", err)
	}
	rec, err := r.event(ctx, "meeting", ref, "WHERE e.meeting = $1 ORDER BY e.happened DESC, e.seq DESC LIMIT 1", key)
	if err != nil {
		return nil, fmt.Errorf("read meeting: %w", err)
	}
	_, id := event.SplitKey(key)
	m := &event.MeetingState{MeetingID: id, Newest: rec, Canceled: rec.Event.Type == event.TypeCanceled}
	const moved = "SELECT count(*) FROM ~events WHERE meeting = $1 AND type = $2"
	if _, err := r.one(ctx, into(&m.Reschedules), moved, key, event.TypeRescheduled); err != nil {
		return nil, fmt.Errorf("read meeting %q: %w", ref, err)
	}
	return m, nil
}

// PreviousEvent returns the newest event of the meeting that is older than
// before, or event.ErrNotFound.
func (r *Reader) PreviousEvent(ctx context.Context, ref string, before time.Time) (*event.Record, error) {
	key, err := r.key(ctx, "meeting", "meeting", ref)
	if err != nil {
		return nil, fmt.Errorf("read previous event: %w", err)
	}
	rec, err := r.event(ctx, "earlier event of meeting", ref,
		"WHERE e.meeting = $1 AND e.happened < $2 ORDER BY e.happened DESC, e.seq DESC LIMIT 1", key, ledger.Micros(before))
	if err != nil {
		return nil, fmt.Errorf("read previous event: %w", err)
	}
	return rec, nil
}
