package ledger

import (
	"cmp"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Failure is the failure of a run, as its issue counts it.
type Failure struct {
	Row              int64 // of the run
	ID               string
	Rule, Action     string
	Cause            event.Cause
	Connection       string
	At               int64 // in microseconds
	Span, OldestSpan int64 // of event.IssueWidth
}

// FailureOf returns what failed in a run that has failed, from the last attempt
// recorded with it. A run that failed when it was planned has none: its condition
// or a key of a window could not be evaluated.
func FailureOf(r *event.Run, attempts []event.Attempt, row int64) Failure {
	f := Failure{Row: row, Rule: Clean(r.Rule), At: Micros(r.Finished), Cause: event.CauseExpression}
	if n := len(attempts); n > 0 {
		a := &attempts[n-1]
		if a.Action >= 0 {
			f.Action, f.Connection = Clean(event.ActionOf(a.ActionID)), Clean(a.Connection)
		}
		f.Cause = cmp.Or(a.Cause, event.CauseInternal)
		if a.Cause == "" && a.Outcome == event.OutcomeUnknown {
			f.Cause = event.CauseInterrupted
		}
	}
	f.ID = event.IssueID(f.Rule, f.Action, f.Cause)
	f.Span = IssueSpan(r.Finished)
	f.OldestSpan = f.Span - int64(event.IssueKeep/event.IssueWidth)
	return f
}

// IssueColumns are the columns that ScanIssue reads, in its order.
const IssueColumns = "i.id, i.rule, i.action, i.cause, i.connection, i.first, i.last, i.failing, i.total, i.acked, i.resolved, i.reopened, i.muted, i.by_whom"

// ScanIssue reads IssueColumns.
func ScanIssue(row Scanner) (*event.Issue, error) {
	var (
		i                                      event.Issue
		cause                                  string
		first, last, resolved, reopened, muted int64
	)
	err := row.Scan(&i.ID, &i.Rule, &i.Action, &cause, &i.Connection, &first, &last, &i.Failing, &i.Total, &i.Acknowledged,
		&resolved, &reopened, &muted, &i.By)
	i.Cause, i.First, i.Last = event.Cause(cause), Time(first), Time(last)
	i.Resolved, i.Reopened, i.MutedUntil = Time(resolved), Time(reopened), Time(muted)
	return &i, err
}

// ScanIssueCount reads issue, span and count.
func ScanIssueCount(row Scanner) (issue string, c event.IssueCount, err error) {
	var span int64
	err = row.Scan(&issue, &span, &c.Count)
	c.Start = Time(span * event.IssueWidth.Microseconds())
	return issue, c, err
}

// ScanFailed reads the issue and number of a failure, and RunColumns after them.
func ScanFailed(row Scanner) (issue string, r *event.Run, err error) {
	r = &event.Run{}
	err = scanRun(behind{behind{row, &r.Failure}, &issue}, r)
	return issue, r, err
}

// ChangeIssue changes an issue in memory. left counts the failing runs whose
// failure has a number above the one given; it is called only if there may be
// some. An event.ErrConflict says that the issue's state does not allow it.
func ChangeIssue(i *event.Issue, c *event.IssueChange, left func(above int64) (int64, error)) (err error) {
	switch c.Verb {
	case event.IssueResolve:
		if i.Failing == 0 {
			return fmt.Errorf("%w: none of its runs is failed now, so there is nothing to resolve", event.ErrConflict)
		}
		i.Acknowledged, i.Failing, i.Resolved, i.MutedUntil = i.Total, 0, c.Now, time.Time{}
		if c.Seen > 0 && c.Seen < i.Total {
			// It has happened again while somebody looked at it.
			i.Acknowledged = c.Seen
			if i.Failing, err = left(c.Seen); err != nil {
				return err
			}
		}
		if i.Failing > 0 {
			i.Resolved, i.Reopened = time.Time{}, c.Now
		}
	case event.IssueMute:
		if i.Failing == 0 {
			return fmt.Errorf("%w: none of its runs is failed now, so there is nothing to mute", event.ErrConflict)
		}
		i.MutedUntil = c.Until
	case event.IssueUnmute:
		if !i.MutedUntil.After(c.Now) {
			return fmt.Errorf("%w: it is not muted", event.ErrConflict)
		}
		i.MutedUntil = time.Time{}
	default:
		return fmt.Errorf("%w change of an issue: %q", event.ErrInvalid, c.Verb)
	}
	i.By = c.By
	return nil
}

// CanAcknowledge is nil when a run of this status, whose failure has this number
// in its issue, counts as failing.
func CanAcknowledge(s event.Status, failure, acknowledged int64) error {
	switch {
	case s != event.StatusFailed:
		return fmt.Errorf("%w: the run is %s; only failed runs can be acknowledged", event.ErrConflict, s)
	case failure <= acknowledged:
		return fmt.Errorf("%w: its failure is acknowledged already", event.ErrConflict)
	}
	return nil
}

// IssueSpan returns the number of the span of event.IssueWidth that contains a
// time.
func IssueSpan(t time.Time) int64 { return Micros(t) / event.IssueWidth.Microseconds() }
