package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// meetingMost bounds how many events and runs of one meeting are shown.
const meetingMost = 300

// meeting is all that is known of a meeting.
type meeting struct {
	state  *event.MeetingState
	events []*event.Record // oldest first
	runs   []*event.Run    // newest first
}

func (c *Console) readMeeting(ctx context.Context, id string) (*meeting, error) {
	m := &meeting{}
	var err error
	if m.state, err = c.Ledger.Meeting(ctx, id); err != nil {
		return nil, err
	}
	if newest := m.state.Newest.Event; newest.HasMeeting() {
		id = newest.MeetingRef()
	}
	if m.events, err = c.Ledger.Events(ctx, event.EventFilter{MeetingID: id, Limit: meetingMost}); err != nil {
		return nil, err
	}
	slices.Reverse(m.events)
	if m.runs, err = c.Ledger.Runs(ctx, event.RunFilter{MeetingID: id, Limit: meetingMost}); err != nil {
		return nil, err
	}
	return m, nil
}

// meetingView is the page of one meeting.
type meetingView struct {
	State   *event.MeetingState
	Meeting *event.Meeting
	Waiting []*event.Run
	// Story is everything in order, oldest first.
	Story []storyLine
	Cut   bool // there is more than is shown
}

// storyLine is one line in the story of a meeting: an event, the end of a run,
// or, with a Note, something in the middle of a run.
type storyLine struct {
	At    time.Time
	Event *eventRow
	Moved *event.Meeting // the new times, of an event that has some
	Run   *event.Run
	Note  *event.Attempt
}

func (c *Console) meetingPage(w http.ResponseWriter, r *http.Request) {
	m, err := c.readMeeting(r.Context(), pathValue(r, "id"))
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	v := meetingView{
		State: m.state, Meeting: m.state.Newest.Event.Meeting,
		Cut: len(m.events) == meetingMost || len(m.runs) == meetingMost,
	}
	for _, rec := range m.events {
		row := rowOf(rec)
		v.Story = append(v.Story, storyLine{At: rec.Event.Received, Event: &row, Moved: rec.Event.Meeting})
	}
	for i, run := range m.runs {
		if i < notedRuns {
			notes, err := c.notes(r.Context(), run)
			if err != nil {
				c.faultOf(w, r, err)
				return
			}
			v.Story = append(v.Story, notes...)
		}
		if run.Status.Done() {
			v.Story = append(v.Story, storyLine{At: run.Finished, Run: run})
		} else {
			v.Waiting = append(v.Waiting, run)
		}
	}
	slices.SortStableFunc(v.Story, func(a, b storyLine) int { return a.At.Compare(b.At) })
	slices.SortFunc(v.Waiting, func(a, b *event.Run) int { return a.Due.Compare(b.Due) })
	c.render(w, r, http.StatusOK, "meeting", "Meeting", v)
}

// notedRuns bounds for how many runs of a meeting the story tells of what was
// sent, put off and moved.
const notedRuns = 60

// notes are the lines of a run's history that matter to its meeting.
func (c *Console) notes(ctx context.Context, run *event.Run) ([]storyLine, error) {
	attempts, err := c.Ledger.Attempts(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	var lines []storyLine
	for _, a := range attempts {
		if a.Outcome == event.OutcomeSkipped || a.Outcome == event.OutcomeHeld {
			continue
		}
		lines = append(lines, storyLine{At: a.Ended, Run: run, Note: &a})
	}
	return lines, nil
}
