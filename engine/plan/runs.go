package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// matchedAt is now() in the conditions of rules: when the event was received.
func matchedAt(ev *event.Event, now time.Time) time.Time {
	if ev.Received.IsZero() {
		return now
	}
	return ev.Received
}

// ConditionFailed is the reason of a run if the condition of its rule could not
// be evaluated.
func ConditionFailed(err error) string { return "the condition could not be evaluated: " + err.Error() }

// Runs makes one run for every rule that matched or could not be evaluated. The
// latter is stored as failed, because an error is not the same as "does not
// match".
func Runs(set *rules.Set, ev *event.Event, verdicts []rules.Verdict, now time.Time) ([]event.PlannedRun, error) {
	return Maker{}.Runs(set, ev, verdicts, now)
}

// Maker makes runs like Runs, with ids and memory of its own.
type Maker struct {
	// ID returns the id of a new run; nil means a UUID of version 7.
	ID func() string
	// Used are planned runs whose memory is used again.
	Used []event.PlannedRun
}

func (m Maker) newID() (string, error) {
	if m.ID != nil {
		return m.ID(), nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make a run id: %w", err)
	}
	return id.String(), nil
}

// Runs makes one run for every rule that matched or could not be evaluated.
func (m Maker) Runs(set *rules.Set, ev *event.Event, verdicts []rules.Verdict, now time.Time) ([]event.PlannedRun, error) {
	planned := slices.Grow(m.Used[:0], len(verdicts))
	for _, v := range verdicts {
		id, err := m.newID()
		if err != nil {
			return nil, err
		}
		run := event.Run{
			ID: id, EventID: ev.ID, Organization: ev.Organization(), EventType: ev.Type, Rule: v.Rule.Name, Revision: set.Revision,
			MeetingID: ev.Meeting.ID, Shadow: v.Rule.Shadow,
			Status: event.StatusPending, Due: now, Created: matchedAt(ev, now), Updated: now,
		}
		if v.Err != nil {
			run.Status, run.Finished, run.Next = event.StatusFailed, now, event.NextCondition
			run.Reason = ConditionFailed(v.Err)
		}
		if s := v.Rule.Schedule; s != nil && s.Missed(ev) && !run.Status.Done() {
			run.Status, run.Finished = event.StatusSkipped, now
			run.Reason = "missed: due at " + event.TimeText(ev.Own.Due) + ", but not carried out then; if_missed is skip"
		}
		if ev.HasMeeting() && !run.Status.Done() && !run.Shadow {
			for _, destination := range v.Rule.Lanes {
				run.Lanes = append(run.Lanes, event.Lane(ev.MeetingKey(), destination))
			}
		}
		p := event.PlannedRun{
			Run: run, SkipIfLate: v.Rule.Late != rules.LateRun, Replaces: ev.HasMeeting() && v.Rule.OnePerMeeting(),
		}
		planWindows(set, v.Rule, ev, &p)
		planned = append(planned, p)
	}
	return planned, nil
}
