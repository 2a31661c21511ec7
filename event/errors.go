package event

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of error that cross package borders. One table in each front end
// turns them into an HTTP status or an exit code.
var (
	ErrInvalid     = errors.New("invalid")
	ErrNotFound    = errors.New("not found")
	ErrDuplicate   = errors.New("duplicate")
	ErrConflict    = errors.New("conflict")
	ErrUnavailable = errors.New("unavailable") // the store cannot take it now; try again
)

// Cause classifies why an attempt failed, for metrics and for deciding about
// another try.
type Cause string

// The causes of a failed attempt.
const (
	CauseAuth        Cause = "auth"         // credentials refused
	CauseRateLimited Cause = "rate_limited" // asked to slow down
	CauseClient      Cause = "client"       // the destination refused the request as such
	CauseServer      Cause = "server"       // the destination answered with a server error
	CauseTimeout     Cause = "timeout"
	CauseNetwork     Cause = "network"
	CauseRefused     Cause = "refused"    // Gavel itself refused to send it
	CauseExpression  Cause = "expression" // a condition or template could not be evaluated
)

// Arrival is what is known of whether a failed request reached its
// destination.
type Arrival string

// What is known of a request. A failure that does not say, "", is one that the
// destination has answered or that Gavel found before sending.
const (
	ArrivalNotSent Arrival = "not_sent" // certainly not: nothing of it was written, or only what has no effect
	ArrivalUnknown Arrival = "unknown"  // it may have arrived: cut off or timed out before a complete answer
	Answered       Arrival = "answered" // the destination answered
)

// Failure is the error of an attempt. Text must hold no secret.
type Failure struct {
	Cause Cause
	Text  string
	// Arrival says whether the request may have had an effect although it failed.
	Arrival Arrival
	// Retry says that another try may succeed.
	Retry bool
	// RetryAfter is how long the destination asked to be left alone; 0 when it
	// did not say.
	RetryAfter time.Duration
	Err        error
}

// Error says in words what went wrong.
func (f *Failure) Error() string {
	if f.Err != nil && f.Text == "" {
		return f.Err.Error()
	}
	return f.Text
}

// Unwrap gives the error underneath.
func (f *Failure) Unwrap() error { return f.Err }

// Failf makes a Failure with a formatted text.
func Failf(c Cause, retry bool, format string, args ...any) *Failure {
	return &Failure{Cause: c, Retry: retry, Text: fmt.Sprintf(format, args...)}
}
