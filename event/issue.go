package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// IssueWidth is the length of a span for which the store counts the failures of
// an issue, IssueKeep how long it keeps these counts.
const (
	IssueWidth = 12 * time.Hour
	IssueKeep  = 14 * 24 * time.Hour
)

// Issue is all failed runs of the same rule, action and cause. The store counts
// it in the transaction in which a run fails, is retried or is deleted.
type Issue struct {
	ID   string
	Rule string
	// Action is the id of the action that failed; empty when the run failed as a
	// whole.
	Action string
	Cause  Cause
	// Connection of the newest failure; empty if it went over none, or is not
	// known.
	Connection  string
	First, Last time.Time // failure
	// Failing is how many runs have failed, were not retried since, and are not
	// acknowledged. Total is how many failures there ever were.
	Failing, Total int64
	// Resolved is when somebody acknowledged all failures; zero again after a new
	// one. Reopened is when that happened last.
	Resolved, Reopened time.Time
	// MutedUntil is set while, and after, the issue is muted.
	MutedUntil time.Time
	// By is who resolved or muted it last.
	By string
	// Example is the run that failed last, without results; nil if none of its
	// runs is failed now.
	Example *Run
	// Acknowledged is the number of the last failure that was resolved.
	Acknowledged int64
	// Counts are the failures by spans of IssueWidth, oldest first; spans without
	// failures are missing.
	Counts []IssueCount
}

// IssueCount is how often an issue occurred in one span of IssueWidth.
type IssueCount struct {
	Start time.Time
	Count int64
}

// IssueState says whether an issue needs attention.
type IssueState string

// The states of an issue.
const (
	IssueOpen     IssueState = "open"
	IssueMuted    IssueState = "muted"    // it fails, but nobody wants to hear of it for a while
	IssueResolved IssueState = "resolved" // none of its runs is failed now, or all are acknowledged
)

// IssueStates lists them, the ones that need attention first.
func IssueStates() []IssueState { return []IssueState{IssueOpen, IssueMuted, IssueResolved} }

// State returns the state of the issue at a time.
func (i *Issue) State(now time.Time) IssueState {
	switch {
	case i.Failing == 0:
		return IssueResolved
	case i.MutedUntil.After(now):
		return IssueMuted
	}
	return IssueOpen
}

// IssueID returns the id of an issue: the same on every database.
func IssueID(rule, action string, cause Cause) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x1f%s\x1f%s", rule, action, cause))
	return hex.EncodeToString(sum[:6])
}

// IssueFilter selects issues; zero fields select everything.
type IssueFilter struct {
	ID string
	// Run selects the issue of one failed run, with that run as its Example.
	Run string
	// Failing selects those with runs that are failed now.
	Failing bool
	// Bare leaves out the examples and the counts.
	Bare bool
	// Since leaves out counts of earlier spans.
	Since time.Time
	Limit int // 0 means no limit
}

// IssueVerb is what somebody does to an issue.
type IssueVerb string

// The changes of an issue.
const (
	IssueResolve IssueVerb = "resolve"
	IssueMute    IssueVerb = "mute"
	IssueUnmute  IssueVerb = "unmute"
)

// IssueChange is a change that somebody makes to an issue.
type IssueChange struct {
	Verb IssueVerb
	// Seen, with IssueResolve, is the Total that the person saw: later failures
	// are not acknowledged. 0 means all up to this transaction.
	Seen int64
	// Until is the end of a mute.
	Until time.Time
	By    string
	Now   time.Time
}

// IssueRuns selects failed runs of an issue, the one that failed last first.
type IssueRuns struct {
	ID string
	// After and Before bound Run.Failure, exclusive; 0 means no bound. With the
	// issue's Acknowledged in After, the runs are those that count as failing.
	After, Before int64
	Limit         int // 0 means 50
}

// FailedRuns selects runs that are failed now: of the events with these numbers,
// and of the runs with these ids.
type FailedRuns struct {
	Events []int64
	Runs   []string
}

// FailedRun says of a failed run whether its failure is acknowledged.
type FailedRun struct {
	Event        int64
	Run          string
	Acknowledged bool
}
