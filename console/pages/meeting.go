package pages

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// meetingView is the page of one meeting.
type meetingView struct {
	State   *event.MeetingState
	Meeting *event.Meeting
	Waiting []*event.Run
	// Story is everything that happened, oldest first.
	Story []storyLine
	Cut   bool // there is more than is shown
}

// storyLine is one line of the timeline: an event, the end of a run, or, with
// a Note, a step of a run.
type storyLine struct {
	At    time.Time
	Event *eventRow
	Moved *event.Meeting // the new times, of an event that has some
	Run   *event.Run
	Note  *event.Attempt
}

func (p *Pages) meetingPage(w http.ResponseWriter, r *http.Request) {
	m, err := query.ReadMeeting(r.Context(), p.Ledger, query.PathValue(r, "id"))
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v := meetingView{
		State: m.State, Meeting: m.State.Newest.Event.Meeting,
		Cut: len(m.Events) == query.MeetingMost || len(m.Runs) == query.MeetingMost,
	}
	for _, rec := range m.Events {
		row := rowOf(rec)
		v.Story = append(v.Story, storyLine{At: rec.Event.Received, Event: &row, Moved: rec.Event.Meeting})
	}
	for i, run := range m.Runs {
		if i < notedRuns {
			notes, err := p.notes(r.Context(), run)
			if err != nil {
				p.faultOf(w, r, err)
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
	p.render(w, r, http.StatusOK, "meeting", "Meeting", v)
}

// notedRuns bounds the runs of a meeting whose history is part of the
// timeline.
const notedRuns = 60

// notes returns the parts of a run's history that matter to its meeting.
func (p *Pages) notes(ctx context.Context, run *event.Run) ([]storyLine, error) {
	attempts, err := p.Ledger.Attempts(ctx, run.ID)
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
