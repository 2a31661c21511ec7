package ledger

import (
	"fmt"

	"github.com/gavel-rules/gavel/event"
)

// Decide returns what an accepted event does to a run that follows its
// meeting, with a reason in every case but MoveNothing. The event must not be
// late.
func Decide(a *event.Acceptance, r *event.Run) event.Move {
	canceled := a.Event.Type == event.TypeCanceled
	var m event.Move
	switch {
	case r.Status == event.StatusWaiting && a.Move != nil:
		m = a.Move(r)
	case canceled:
		// There is no move function, or the run is past its wait but not sent
		// yet: it must not be sent for a canceled meeting.
		m = event.Move{Action: event.MoveDrop}
	}
	if m.Reason == "" {
		switch m.Action {
		case event.MoveDrop:
			m.Reason = DropReason(a.Event)
		case event.MoveTo:
			m.Reason = MoveReason(a.Event.ID)
		}
	}
	return m
}

// Replaces reports whether a run that an accepted event starts replaces a run
// that follows the meeting. The event must not be late.
func Replaces(a *event.Acceptance, r *event.Run) bool {
	for i := range a.Runs {
		p := &a.Runs[i]
		if p.Replaces && !p.Status.Done() && p.Rule == r.Rule && p.Shadow == r.Shadow && p.ID != r.ID {
			return true
		}
	}
	return false
}

// Single returns the value of the column "replaced" for a new run: NULL when
// the rule may have several runs for one meeting.
func Single(p *event.PlannedRun) any {
	if !p.Replaces {
		return nil
	}
	return ""
}

// CanDrop reports whether a run can still be dropped: nothing of it is being
// sent.
func CanDrop(r *event.Run) bool { return r.Status != event.StatusRunning || !r.InFlight }

// Start returns a planned run as it is first stored, before lanes are
// considered. newest is the key of the meeting's newest event when the run's
// own event is late.
func Start(a *event.Acceptance, p *event.PlannedRun, late bool, newest string) *event.Run {
	r := p.Run
	Begin(a, &r, p.SkipIfLate, late, newest)
	return &r
}

// Begin is Start for a copy of the planned run.
func Begin(a *event.Acceptance, r *event.Run, skipIfLate, late bool, newest string) {
	r.EventID, r.EventType, r.Organization = a.Event.ID, a.Event.Type, a.Event.Organization()
	r.MeetingID = ""
	if a.Event.HasMeeting() {
		r.MeetingID = a.Event.Meeting.ID
	}
	if r.Status == "" {
		r.Status = event.StatusPending
	}
	if r.Due.IsZero() {
		r.Due = a.Now
	}
	if r.Created.IsZero() {
		r.Created = a.Now
	}
	if r.Updated.IsZero() {
		r.Updated = r.Created
	}
	if late && skipIfLate {
		r.Status, r.Reason = event.StatusSkipped, LateReason(newest)
	}
	if r.Status.Done() && r.Finished.IsZero() {
		r.Finished = a.Now
	}
	if r.Status != event.StatusPending || r.MeetingID == "" {
		r.Lanes = nil
	}
}

// Birth decides whether a stored run is handed to the accepting process at
// once, and marks it as running if so.
func Birth(a *event.Acceptance, r *event.Run, held bool) bool {
	if a.Owner == "" || held || r.Status != event.StatusPending || r.Due.After(a.Now) {
		return false
	}
	r.Status = event.StatusRunning
	return true
}

// Frees reports whether a run of this status is in no lane.
func Frees(s event.Status) bool { return s.Done() || s == event.StatusWaiting }

// Sending reports whether an accepted event cancels the meeting of a run that
// is being sent, so that it can no longer be dropped.
func Sending(a *event.Acceptance, r *event.Run) bool {
	return a.Event.Type == event.TypeCanceled && r.Status == event.StatusRunning && r.InFlight
}

// Follows reports whether a run ends with its meeting from here on.
func Follows(r *event.Run) bool { return r.Follow && r.MeetingID != "" && !r.Status.Done() }

// Dropped is the error for progress of a run that was dropped meanwhile: its
// owner must not continue. A run that waits or has ended needs none.
func Dropped(r *event.Run, reason string) error {
	if r.Status != event.StatusRunning {
		return nil
	}
	return fmt.Errorf("%w: %s", event.ErrConflict, reason)
}
