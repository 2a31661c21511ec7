package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// History is what really happened to a stored event.
type History struct {
	Record *event.Record
	Runs   []RunHistory
}

// RunHistory is a run with its attempts.
type RunHistory struct {
	Run      *event.Run
	Attempts []event.Attempt
}

// Before is what is known of an event's meeting from the events before it.
type Before struct {
	Meeting     *event.Meeting // nil if unknown
	Reschedules int
}

// maxHistory bounds the runs of one event and the events of one meeting that
// are read for an explanation.
const maxHistory = 1000

// HistoryOf reads what the store knows of an event. The error of an event that
// is not stored wraps event.ErrNotFound.
func HistoryOf(ctx context.Context, s Store, id string) (*History, error) {
	record, err := s.Event(ctx, id)
	if err != nil {
		return nil, err
	}
	h := &History{Record: record}
	runs, err := s.Runs(ctx, event.RunFilter{EventID: id, Limit: maxHistory})
	if err != nil {
		return nil, fmt.Errorf("runs of event %q: %w", id, err)
	}
	for _, run := range runs {
		attempts, err := s.Attempts(ctx, run.ID)
		if err != nil {
			return nil, fmt.Errorf("history of run %q: %w", run.ID, err)
		}
		h.Runs = append(h.Runs, RunHistory{Run: run, Attempts: attempts})
	}
	return h, nil
}

// MeetingBefore returns what was known of an event's meeting when it happened.
func MeetingBefore(ctx context.Context, s Store, ev *event.Event) (Before, error) {
	if !ev.HasMeeting() {
		return Before{}, nil
	}
	var b Before
	previous, err := s.PreviousEvent(ctx, ev.Meeting.ID, ev.Timestamp)
	switch {
	case errors.Is(err, event.ErrNotFound):
	case err != nil:
		return Before{}, fmt.Errorf("earlier events of meeting %q: %w", ev.Meeting.ID, err)
	default:
		b.Meeting = previous.Event.Meeting
	}
	moves, err := s.Events(ctx, event.EventFilter{MeetingID: ev.Meeting.ID, Type: event.TypeRescheduled, Limit: maxHistory})
	if err != nil {
		return Before{}, fmt.Errorf("earlier events of meeting %q: %w", ev.Meeting.ID, err)
	}
	for _, r := range moves {
		if !r.Event.Timestamp.After(ev.Timestamp) {
			b.Reschedules++
		}
	}
	return b, nil
}

// LoadStoredRules compiles the rules of a revision as the store keeps them.
func LoadStoredRules(ctx context.Context, s Store, revision string, o RulesOptions) (*rules.Set, error) {
	sources, err := s.Revision(ctx, revision)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", revision, err)
	}
	set, err := o.compile(sources)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", revision, err)
	}
	return set, nil
}
