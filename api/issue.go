package api

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Issue is all failed runs of the same rule, action and cause.
type Issue struct {
	ID    string           `json:"id"`
	State event.IssueState `json:"state"`
	Rule  string           `json:"rule"`
	// Action is the id of the action that failed; empty when the run failed as a
	// whole.
	Action     string      `json:"action,omitempty"`
	Cause      event.Cause `json:"cause"`
	Connection string      `json:"connection,omitempty"`
	// Failing is how many runs are failed now and not acknowledged, Total how many
	// failures there ever were.
	Failing    int64     `json:"failing"`
	Total      int64     `json:"total"`
	First      time.Time `json:"first_seen"`
	Last       time.Time `json:"last_seen"`
	Resolved   time.Time `json:"resolved,omitzero"`
	Reopened   time.Time `json:"reopened,omitzero"` // when it happened again after it was resolved
	MutedUntil time.Time `json:"muted_until,omitzero"`
	By         string    `json:"by,omitempty"` // who resolved or muted it last
	// Spans are the failures of the last two weeks by half days of UTC, oldest
	// first.
	Spans []IssueSpan `json:"spans"`
	// Example is the run that failed last; missing when none is failed now.
	Example *event.Run `json:"example,omitempty"`
}

// IssueSpan is how often an issue occurred in half a day.
type IssueSpan struct {
	Start time.Time `json:"start"`
	Count int64     `json:"count"`
}

// IssueDetail is an issue with the runs that are failed now, the one that failed
// last first.
type IssueDetail struct {
	Issue
	Runs []IssueRun `json:"runs"`
	// Next is the cursor of the next page of runs; empty at the end.
	Next string `json:"next,omitempty"`
}

// IssueRun is a failed run of an issue, and whom it is about.
type IssueRun struct {
	*event.Run
	Meeting string `json:"meeting,omitempty"` // its name
	Invitee string `json:"invitee,omitempty"`
	// Acknowledged says that the run does not count as failing any more.
	Acknowledged bool `json:"acknowledged,omitempty"`
}

// IssueQuery selects issues; zero fields select everything, except that issues
// that are resolved are listed only if States names them.
type IssueQuery struct {
	States           []event.IssueState
	Rule, Connection string
}

// ResolveRequest acknowledges the failures of an issue.
type ResolveRequest struct {
	// Total is that of the issue as it was looked at: a failure since then is not
	// acknowledged. 0 acknowledges all.
	Total int64 `json:"total,omitempty"`
}

// MuteRequest mutes an issue until a time, or for a duration such as 2h or 7d.
type MuteRequest struct {
	Until time.Time `json:"until,omitzero"`
	For   string    `json:"for,omitempty"`
}

// RetryRequest asks to retry all failing runs of an issue. Without Confirm it is
// a preview.
type RetryRequest struct {
	Confirm bool `json:"confirm"`
}

// IssueRetry is the result of a RetryRequest.
type IssueRetry struct {
	ID         string      `json:"id"`
	Rule       string      `json:"rule"`
	Action     string      `json:"action,omitempty"`
	Cause      event.Cause `json:"cause"`
	Connection string      `json:"connection,omitempty"`
	Failing    int64       `json:"failing"` // before
	Retried    int         `json:"retried"`
	Gone       int         `json:"gone"` // changed in the meantime
	// Runs are the first RetriesShown of those that would be retried; none after
	// they were.
	Runs []IssueRun `json:"runs"`
}

const (
	// RetriesShown is how many runs an IssueRetry lists at most.
	RetriesShown = 20
	// RetriesMost is how many runs one RetryRequest retries at most.
	RetriesMost = 10_000
)
