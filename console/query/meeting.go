package query

import (
	"context"
	"slices"

	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
)

// MeetingMost bounds how many events and runs of one meeting are shown.
const MeetingMost = 300

// Meeting is everything known about a meeting.
type Meeting struct {
	State  *event.MeetingState
	Events []*event.Record // oldest first
	Runs   []*event.Run    // newest first
}

// ReadMeeting reads a meeting with its events and runs.
func ReadMeeting(ctx context.Context, ledger backend.Ledger, id string) (*Meeting, error) {
	m := &Meeting{}
	var err error
	if m.State, err = ledger.Meeting(ctx, id); err != nil {
		return nil, err
	}
	if newest := m.State.Newest.Event; newest.HasMeeting() {
		id = newest.MeetingRef()
	}
	if m.Events, err = ledger.Events(ctx, event.EventFilter{MeetingID: id, Limit: MeetingMost, Bytes: 2 * event.PageBytes}); err != nil {
		return nil, err
	}
	slices.Reverse(m.Events)
	if m.Runs, err = ledger.Runs(ctx, event.RunFilter{MeetingID: id, Limit: MeetingMost}); err != nil {
		return nil, err
	}
	return m, nil
}
