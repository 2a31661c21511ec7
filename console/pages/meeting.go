package pages

import (
	"net/http"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/draw"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
)

// meetingView is the page of one meeting.
type meetingView struct {
	State   *event.MeetingState
	Meeting *event.Meeting
	Waiting []*event.Run
	Lanes   draw.Lanes
	Moves   draw.Moves
	// Story is everything that happened, oldest first: a line for each event and
	// one for each run.
	Story []storyLine
	Cut   bool // there is more than is shown
	// Memory is what rules remember for it.
	Memory []api.Remembered
}

// storyLine is one line of the timeline: an event, or a run.
type storyLine struct {
	At    time.Time
	Event *eventRow
	Moved *event.Meeting // the new times, of an event that has some
	Run   *event.Run
	Steps []storyStep
	Moves int // how often the run was moved or changed by hand
}

// storyStep is an action of a run and what it last came to.
type storyStep struct {
	Name    string
	Outcome event.Outcome
}

// notedRuns bounds the runs of a meeting whose steps are shown, lanesMost the
// rules in the picture.
const (
	notedRuns = 60
	lanesMost = 12
)

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
	if p.Desk != nil {
		if v.Memory, err = p.Desk.Remembered(r.Context(), m.State); err != nil {
			p.faultOf(w, r, err)
			return
		}
	}
	lanes := []draw.Lane{{Name: "Events"}}
	for _, rec := range m.Events {
		row := rowOf(rec)
		v.Story = append(v.Story, storyLine{At: rec.Event.Received, Event: &row, Moved: rec.Event.Meeting})
		lanes[0].Marks = append(lanes[0].Marks, draw.Mark{At: rec.Event.Received, Kind: "event", Text: words.EventName(row.Type)})
	}
	v.Moves = draw.NewMoves(movesOf(m.Events))
	for i, run := range slices.Backward(m.Runs) {
		var attempts []event.Attempt
		if i < notedRuns {
			if attempts, err = p.Ledger.Attempts(r.Context(), run.ID); err != nil {
				p.faultOf(w, r, err)
				return
			}
		}
		v.Story = append(v.Story, lineOf(run, attempts))
		lanes = inLane(lanes, run, attempts)
		if !run.Status.Done() {
			v.Waiting = append(v.Waiting, run)
		}
	}
	v.Lanes = draw.NewLanes(lanes, p.Now())
	slices.SortStableFunc(v.Story, func(a, b storyLine) int { return a.At.Compare(b.At) })
	slices.SortFunc(v.Waiting, func(a, b *event.Run) int { return a.Due.Compare(b.Due) })
	p.render(w, r, http.StatusOK, "meeting", "Meeting", v)
}

// movesOf returns the changes of the meeting's time, by when they happened.
func movesOf(events []*event.Record) []draw.Move {
	var told []*event.Event
	for _, rec := range events {
		if !rec.Event.Meeting.Start.IsZero() {
			told = append(told, rec.Event)
		}
	}
	slices.SortStableFunc(told, func(a, b *event.Event) int { return a.Timestamp.Compare(b.Timestamp) })
	var moves []draw.Move
	for i := 1; i < len(told); i++ {
		if from, to := told[i-1].Meeting.Start, told[i].Meeting.Start; !from.Equal(to) {
			moves = append(moves, draw.Move{At: told[i].Timestamp, From: from, To: to})
		}
	}
	return moves
}

// lineOf is a run with each of its actions once.
func lineOf(run *event.Run, attempts []event.Attempt) storyLine {
	line := storyLine{At: run.Created, Run: run}
	places := map[int]int{}
	for _, a := range attempts {
		if a.Action < 0 {
			line.Moves++
			continue
		}
		if a.Outcome == event.OutcomeHeld {
			continue
		}
		if a.Outcome == event.OutcomeWaited && run.Next > a.Action {
			a.Outcome = event.OutcomeSucceeded // it is over
		}
		i, known := places[a.Action]
		if !known {
			i = len(line.Steps)
			places[a.Action], line.Steps = i, append(line.Steps, storyStep{Name: words.ActionName(a.ActionID)})
		}
		line.Steps[i].Outcome = a.Outcome
	}
	return line
}

// inLane adds a run to the lane of its rule: what was sent, what failed, and what
// it waits for.
func inLane(lanes []draw.Lane, run *event.Run, attempts []event.Attempt) []draw.Lane {
	i := slices.IndexFunc(lanes[1:], func(l draw.Lane) bool { return l.Name == run.Rule }) + 1
	if i == 0 {
		if len(lanes) > lanesMost {
			return lanes
		}
		i, lanes = len(lanes), append(lanes, draw.Lane{Name: run.Rule})
	}
	l := &lanes[i]
	for _, a := range attempts {
		if a.Outcome == event.OutcomeHeld || a.Outcome == event.OutcomeSkipped {
			continue
		}
		l.Marks = append(l.Marks, draw.Mark{At: a.Ended, Kind: string(a.Outcome), Text: words.ActionName(a.ActionID) + " " + words.OutcomeWord(a.Outcome)})
	}
	if !run.Status.Done() && !run.Due.IsZero() {
		l.Until = run.Due
		l.Marks = append(l.Marks, draw.Mark{At: run.Due, Kind: "due", Text: words.StatusWord(run.Status)})
	}
	return lanes
}
