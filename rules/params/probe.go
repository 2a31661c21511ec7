package params

import (
	"context"

	"github.com/gavel-rules/gavel/rules/language"
)

// Prober is a connection that can be checked without sending a message or
// changing anything at the destination.
type Prober interface {
	// Probe says what works and what does not. targets are those of the actions
	// that use the connection, as far as they are known before any event.
	Probe(ctx context.Context, targets []string) []Probed
}

// Targeted is an Action that sends to a place within its connection, such as a
// channel.
type Targeted interface {
	// Target returns that place; false if it depends on the event.
	Target(s *language.Scope) (string, bool)
}

// Probed is one thing that a Prober found. It contains no secret.
type Probed struct {
	// Code is the same for all findings of a kind, such as token.
	Code    string
	Warning bool // it works, but not well or not for long
	Problem bool // it does not work
	Text    string
	Do      string // what to do about a warning or a problem
}
