package event

import (
	"encoding/json"
	"maps"
	"strings"
	"time"
)

// Status is the state of a run; see the package comment for the transitions.
type Status string

// The states of a run.
const (
	StatusPending   Status = "pending"   // due now, or held back behind an earlier event of its meeting
	StatusWaiting   Status = "waiting"   // in a wait action until Due
	StatusRunning   Status = "running"   // leased by a process that carries it out
	StatusSucceeded Status = "succeeded" // every action done or skipped by its own condition
	StatusFailed    Status = "failed"    // an action failed permanently, or the condition could not be evaluated
	StatusCanceled  Status = "canceled"  // dropped with its meeting, or manually
	StatusSkipped   Status = "skipped"   // not carried out, for the reason given
)

// Statuses lists every state in the order of a run's life.
func Statuses() []Status {
	return []Status{
		StatusPending, StatusWaiting, StatusRunning,
		StatusSucceeded, StatusFailed, StatusCanceled, StatusSkipped,
	}
}

// Done reports whether a run in this state has ended.
func (s Status) Done() bool {
	switch s {
	case StatusSucceeded, StatusFailed, StatusCanceled, StatusSkipped:
		return true
	}
	return false
}

// Run is one rule carried out for one event. Its row in the store is the queue.
type Run struct {
	ID      string `json:"id"` // UUIDv7, or v8 if applied, so ids sort by creation
	EventID string `json:"event_id"`
	// Organization of EventID and MeetingID; empty if the event names none.
	Organization string `json:"organization,omitempty"`
	EventType    string `json:"event_type"`
	Rule         string `json:"rule"`
	Revision     string `json:"revision"`             // of the rule set that the event was matched against
	MeetingID    string `json:"meeting_id,omitempty"` // empty when the event has no meeting
	Shadow       bool   `json:"shadow,omitempty"`     // recorded, never sent

	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"` // of the status, in words
	// Due is when the run may continue: now, the next attempt, or the end of a
	// wait.
	Due time.Time `json:"due"`
	// Next is the index of the action to carry out next, or NextCondition.
	Next int `json:"next"`
	// Tries counts the finished attempts of action Next.
	Tries int `json:"tries"`
	// InFlight says that action Next was marked as about to be sent, and its
	// outcome is not recorded.
	InFlight bool `json:"in_flight,omitempty"`
	// Reclaimed says that the lease of another process ended while it carried out
	// the run, so action Next may have been sent.
	Reclaimed bool `json:"-"`
	// Follow says that the current wait moves and is dropped with the meeting.
	Follow bool `json:"follow,omitempty"`
	// PausedBy is the pause that set the run aside; see Pause. It is not claimed
	// until that has ended. Lapses says that the run is skipped then if its time
	// has passed.
	PausedBy PauseKey `json:"paused_by,omitempty"`
	Lapses   bool     `json:"-"`

	// Lanes of the run; see Lane. Empty after its first wait.
	Lanes []string `json:"-"`
	// Trace is the W3C traceparent of the span that received the event. It joins
	// the run to the event's trace, in any process and at any time. Empty if the
	// event was not traced.
	Trace string `json:"-"`
	// Results of finished actions, by action id. Copies of the run share the map:
	// whoever adds a result sets a new one.
	Results map[string]json.RawMessage `json:"results,omitempty"`
	// HeldBack is set if a window held the run back; see HeldBy.
	HeldBack *Held `json:"-"`
	// Damage is set if stored data of the run cannot be read. Such a run can only
	// fail.
	Damage *Damage `json:"-"`
	// Failure is the number of the run's failure in its issue; 0 once it is
	// acknowledged alone. Only what reads issues sets it.
	Failure int64 `json:"-"`

	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
	Finished time.Time `json:"finished,omitzero"`
}

// Damage says what of a run cannot be read.
type Damage struct {
	Reason string
	// Results are the unreadable results. They are stored again unchanged, so that
	// nothing is lost.
	Results []byte
}

// ShownResult is the key in Results of an action's result as people may see it,
// if that differs from the result. No action has such an id.
func ShownResult(id string) string { return shownResult + id }

const shownResult = "#shown "

// ActionOf returns the id of an action without the element of a for_each:
// "thank" of "thank[2]".
func ActionOf(id string) string {
	if at := strings.LastIndexByte(id, '['); at > 0 && strings.HasSuffix(id, "]") {
		return id[:at]
	}
	return id
}

// WithShownResults returns the run with the results that people may see instead
// of those that later actions use.
func (r *Run) WithShownResults() *Run {
	shown := *r
	if len(r.Results) == 0 {
		return &shown
	}
	shown.Results = maps.Clone(r.Results)
	for key, raw := range r.Results {
		if id, ok := strings.CutPrefix(key, shownResult); ok {
			shown.Results[id] = raw
			delete(shown.Results, key)
		}
	}
	return &shown
}

// NextCondition, as Run.Next, means that the rule's condition must be evaluated
// before the first action.
const NextCondition = -1

// Lane returns the name of a lane. The runs in a lane start in the order of their
// events, each after the one before it has ended or waits. A lane is a meeting
// and a destination, so a slow CRM never delays Slack.
func Lane(meetingKey, destination string) string { return meetingKey + "\x1f" + destination }

// Outcome is how one attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	OutcomeSucceeded   Outcome = "succeeded"
	OutcomeFailed      Outcome = "failed"
	OutcomeSkipped     Outcome = "skipped"     // the action's own condition was false
	OutcomeWaited      Outcome = "waited"      // a wait began, moved or ended
	OutcomeUnknown     Outcome = "unknown"     // it may have reached its destination: interrupted or timed out before an answer, or before it was recorded
	OutcomeInterrupted Outcome = "interrupted" // given back at shutdown; not counted as an attempt
	OutcomeHeld        Outcome = "held"        // the connection is paused, full or failing; not counted as an attempt
	OutcomeChanged     Outcome = "changed"     // the run itself was moved, dropped or retried
)

// Rehearsed says whether an action of a shadow run would have been sent.
type Rehearsed string

// The values of Rehearsed; "" means that it would not be sent.
const (
	WouldSend Rehearsed = "would" // it would be sent
	MightSend Rehearsed = "might" // whether, or what, depends on a reply that is not known
)

// Attempt is one line in the history of a run: one attempt of one action, or a
// change to the run. The history is append-only.
type Attempt struct {
	RunID    string          `json:"run_id"`
	Seq      int64           `json:"seq"`              // order within the store
	Action   int             `json:"action"`           // index; -1 if it is about the run as a whole
	ActionID string          `json:"action_id"`        // the author's id, or "kind#index"; with [n] for an element of a for_each
	Kind     string          `json:"kind"`             // slack, http, email, log, wait
	Try      int             `json:"try"`              // 1 for the first
	Started  time.Time       `json:"started"`          //
	Ended    time.Time       `json:"ended"`            //
	Outcome  Outcome         `json:"outcome"`          //
	Cause    Cause           `json:"cause,omitempty"`  // of a failure
	Reason   string          `json:"reason,omitempty"` // in words
	Request  json.RawMessage `json:"request,omitempty"`
	Response json.RawMessage `json:"response,omitempty"`
	NextTry  time.Time       `json:"next_try,omitzero"`
	// Rehearsed is set if the action was rehearsed instead of sent. It is not
	// stored.
	Rehearsed Rehearsed `json:"-"`
	// Connection of the action, or empty. The store counts failures by it, but
	// does not store it with the attempt.
	Connection string `json:"-"`
}
