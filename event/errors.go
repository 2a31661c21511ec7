package event

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of error that packages return. Each front end maps them to an HTTP
// status or an exit code in one table.
var (
	ErrInvalid     = errors.New("invalid")
	ErrNotFound    = errors.New("not found")
	ErrDuplicate   = errors.New("duplicate")
	ErrConflict    = errors.New("conflict")
	ErrUnavailable = errors.New("unavailable") // the store is not available now; try again
)

// Cause classifies why an attempt failed, for metrics and for retries.
type Cause string

// The causes of a failed attempt.
const (
	CauseAuth        Cause = "auth"         // credentials refused
	CauseRateLimited Cause = "rate_limited" // asked to slow down
	CauseClient      Cause = "client"       // the destination rejected the request
	CauseServer      Cause = "server"       // the destination answered with a server error
	CauseTimeout     Cause = "timeout"
	CauseNetwork     Cause = "network"
	CauseRefused     Cause = "refused"    // Gavel itself refused to send it
	CauseExpression  Cause = "expression" // a condition or template could not be evaluated
	// The causes of failed runs whose last attempt has none.
	CauseInterrupted Cause = "interrupted" // its outcome is unknown: the process ended while it was being sent
	CauseInternal    Cause = "internal"    // Gavel could not carry out the run: its data is damaged or missing
)

// Causes lists the causes with which an action can fail.
func Causes() []Cause {
	return []Cause{
		CauseAuth, CauseRateLimited, CauseClient, CauseServer, CauseTimeout, CauseNetwork, CauseRefused, CauseExpression,
	}
}

// OfCall reports whether the attempt has called its destination.
func (c Cause) OfCall() bool {
	return c != "" && c != CauseRefused && c != CauseExpression
}

// Arrival says whether a failed request reached its destination.
type Arrival string

// The values of Arrival. "" means that the destination answered or that Gavel
// found the failure before sending.
const (
	ArrivalNotSent Arrival = "not_sent" // nothing was written, or nothing that has an effect
	ArrivalUnknown Arrival = "unknown"  // it may have arrived: interrupted or timed out before a complete answer
	Answered       Arrival = "answered" // the destination answered
)

// Failure is the error of an attempt. Text must not contain a secret.
type Failure struct {
	Cause Cause
	Text  string
	// Arrival says whether the request may have had an effect although it failed.
	Arrival Arrival
	// Retry says that another attempt may succeed.
	Retry bool
	// RetryAfter is how long the destination asked us to wait; 0 if it did not
	// say.
	RetryAfter time.Duration
	Err        error
}

// Error returns Text, or the text of Err.
func (f *Failure) Error() string {
	if f.Err != nil && f.Text == "" {
		return f.Err.Error()
	}
	return f.Text
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Failf makes a Failure with a formatted text.
func Failf(c Cause, retry bool, format string, args ...any) *Failure {
	return &Failure{Cause: c, Retry: retry, Text: fmt.Sprintf(format, args...)}
}
