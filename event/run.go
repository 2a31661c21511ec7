package event

import (
	"encoding/json"
	"maps"
	"strings"
	"time"
)

// Status is where a run stands; doc.go draws how one leads to another.
type Status string

// The states of a run.
const (
	StatusPending   Status = "pending"   // due now, or held back behind an earlier event of its meeting
	StatusWaiting   Status = "waiting"   // asleep until Due: a wait action
	StatusRunning   Status = "running"   // leased by a process that carries it out
	StatusSucceeded Status = "succeeded" // every action done or skipped by its own condition
	StatusFailed    Status = "failed"    // an action failed for good, or its condition could not be evaluated
	StatusCanceled  Status = "canceled"  // dropped with its meeting, or by hand
	StatusSkipped   Status = "skipped"   // not carried out, for the reason given
)

// Statuses lists every state in the order of a run's life.
func Statuses() []Status {
	return []Status{
		StatusPending, StatusWaiting, StatusRunning,
		StatusSucceeded, StatusFailed, StatusCanceled, StatusSkipped,
	}
}

// Done reports whether a run in this state has come to its end.
func (s Status) Done() bool {
	switch s {
	case StatusSucceeded, StatusFailed, StatusCanceled, StatusSkipped:
		return true
	}
	return false
}

// Run is one rule carried out for one event. Its row in the store is the queue.
type Run struct {
	ID      string `json:"id"` // UUIDv7, so ids sort by creation
	EventID string `json:"event_id"`
	// Organization is what EventID and MeetingID belong to; empty when the event
	// names none.
	Organization string `json:"organization,omitempty"`
	EventType    string `json:"event_type"`
	Rule         string `json:"rule"`
	Revision     string `json:"revision"`             // of the rule set that the event met
	MeetingID    string `json:"meeting_id,omitempty"` // empty when the event has no meeting
	Shadow       bool   `json:"shadow,omitempty"`     // recorded, never sent

	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"` // why it stands where it stands, in words
	// Due is when the run may go on: now, the next try, or the end of a wait.
	Due time.Time `json:"due"`
	// Next is the index of the action to carry out next, or NextCondition.
	Next int `json:"next"`
	// Tries counts the finished tries of action Next.
	Tries int `json:"tries"`
	// InFlight says that the process carrying the run out has marked action
	// Next as about to be sent, and has not recorded its outcome.
	InFlight bool `json:"in_flight,omitempty"`
	// Reclaimed says that another holder's lease ended while it carried the run
	// out, so action Next may have been sent.
	Reclaimed bool `json:"-"`
	// Follow says that the wait this run is in moves and ends with its meeting.
	Follow bool `json:"follow,omitempty"`
	// Lanes are the orders this run takes part in (see Lane). Empty after its
	// first wait.
	Lanes []string `json:"-"`
	// Trace is the W3C traceparent of the span that received the event, by which
	// what the run does joins the event's trace, whichever process does it and
	// however much later. Empty when the event was not traced.
	Trace string `json:"-"`
	// Results holds what finished actions returned, by action id.
	Results map[string]json.RawMessage `json:"results,omitempty"`
	// HeldBack is set when a window has held the run back; see HeldBy.
	HeldBack *Held `json:"-"`
	// Damage is set when the store holds something of the run that cannot be
	// read. Such a run can only fail.
	Damage *Damage `json:"-"`

	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
	Finished time.Time `json:"finished,omitzero"`
}

// Damage says in words what cannot be read of a run.
type Damage struct {
	Reason string
	// Results is what the store holds of the run's results. It is stored again
	// as it is, so that nothing of it is lost.
	Results []byte
}

// ShownResult is the key in Results of what people may see of an action's
// result, where that is not the result itself. No action has such an id.
func ShownResult(id string) string { return shownResult + id }

const shownResult = "#shown "

// WithShownResults returns the run as people may see it: its results are
// those that are shown, and not those that later actions use.
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

// NextCondition, as Run.Next, says that the rule's condition is still to be
// evaluated before the first action.
const NextCondition = -1

// Lane names one order: the runs in a lane start in the order of their events,
// each after the one before it has ended or gone to sleep. A lane is a meeting
// and a destination, so a slow CRM never holds up Slack.
func Lane(meetingKey, destination string) string { return meetingKey + "\x1f" + destination }

// Outcome is how one attempt ended.
type Outcome string

// The outcomes of an attempt.
const (
	OutcomeSucceeded   Outcome = "succeeded"
	OutcomeFailed      Outcome = "failed"
	OutcomeSkipped     Outcome = "skipped"     // the action's own condition was false
	OutcomeWaited      Outcome = "waited"      // a wait began, moved or ended
	OutcomeUnknown     Outcome = "unknown"     // it may have reached its destination: cut off or timed out before an answer, or before it was recorded
	OutcomeInterrupted Outcome = "interrupted" // given back at shutdown; costs no try
	OutcomeHeld        Outcome = "held"        // the connection is paused, full or broken; costs no try
	OutcomeChanged     Outcome = "changed"     // the run itself was moved, dropped or retried
)

// Rehearsed says of an action of a shadow run whether it would have been sent.
type Rehearsed string

// What is known of an action that was rehearsed; "" says that it would not be
// sent.
const (
	WouldSend Rehearsed = "would" // it would be sent
	MightSend Rehearsed = "might" // whether, or what, depends on a reply that is not known
)

// Attempt is one line in the history of a run: one try of one action, or a
// change to the run. The history is append-only.
type Attempt struct {
	RunID    string          `json:"run_id"`
	Seq      int64           `json:"seq"`              // order within the store
	Action   int             `json:"action"`           // index; -1 when it is about the run as a whole
	ActionID string          `json:"action_id"`        // the author's id, or "kind#index"
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
	// Rehearsed is set when the action was rehearsed instead of sent. The store
	// keeps it nowhere.
	Rehearsed Rehearsed `json:"-"`
	// Connection that the action goes over, empty without one. The store counts
	// failures by it and keeps it nowhere else.
	Connection string `json:"-"`
}
