package ledger

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// AttemptColumns are the columns that ScanAttempt reads, in its order.
const AttemptColumns = "a.seq, a.action, a.action_id, a.kind, a.try, a.started, a.ended, a.outcome, a.cause, a.reason," +
	" a.request, a.response, a.next_try"

// ScanAttempt reads AttemptColumns of an attempt of the given run.
func ScanAttempt(row Scanner, runID string) (event.Attempt, error) {
	var (
		a                       = event.Attempt{RunID: runID}
		started, ended, nextTry int64
		outcome, cause          string
		request, response       []byte
	)
	err := row.Scan(&a.Seq, &a.Action, &a.ActionID, &a.Kind, &a.Try, &started, &ended, &outcome, &cause, &a.Reason,
		&request, &response, &nextTry)
	if err != nil {
		return a, err
	}
	a.Outcome, a.Cause = event.Outcome(outcome), event.Cause(cause)
	a.Started, a.Ended, a.NextTry = Time(started), Time(ended), Time(nextTry)
	a.Request, a.Response = request, response
	return a, nil
}

// AttemptArgs are the values of an attempt in the order of AttemptColumns,
// with the run's row in place of the sequence number.
func AttemptArgs(row int64, a *event.Attempt) []any {
	return []any{
		row, a.Action, Clean(a.ActionID), Clean(a.Kind), a.Try, Micros(a.Started), Micros(a.Ended),
		string(a.Outcome), string(a.Cause), Clean(a.Reason), []byte(a.Request), []byte(a.Response), Micros(a.NextTry),
	}
}

// Change returns the history line of a run that was moved, dropped or retried.
func Change(runID string, now time.Time, reason string) event.Attempt {
	return event.Attempt{
		RunID: runID, Action: -1, Started: now, Ended: now,
		Outcome: event.OutcomeChanged, Reason: reason,
	}
}

// LateReason explains a run skipped because its event was late: newest is the
// key of a newer one.
func LateReason(newest string) string {
	_, id := event.SplitKey(newest)
	return "late: event " + id + " of this meeting is newer"
}

// DropReason explains a run dropped by an event of its meeting.
func DropReason(ev *event.Event) string { return DropReasonOf(ev.Type, ev.Key()) }

// DropReasonOf is DropReason for an event known only by type and key.
func DropReasonOf(eventType, key string) string {
	_, id := event.SplitKey(key)
	if eventType == event.TypeCanceled {
		return "meeting canceled by event " + id
	}
	return "canceled by event " + id
}

// ReplaceReason explains a run replaced by one of a newer event with this key.
func ReplaceReason(key string) string {
	_, id := event.SplitKey(key)
	return "event " + id + " of this meeting started this rule again"
}

// MoveReason explains a run moved by an event of its meeting.
func MoveReason(id string) string { return "moved by event " + id }
