// Package suite reads users' tests of rules and drafts new ones. Package
// rehearse runs them.
package suite

import (
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// Suite is one file of rule tests.
type Suite struct {
	File string
	// Rules are the paths of the tested rules, relative to the folder of the
	// file; empty if the file does not say.
	Rules []string
	// Env is the environment that the rules see; they see no other.
	Env   map[string]string
	Cases []*Case

	text *text.Text
}

// Case is one test. Tests do not share state.
type Case struct {
	Name string
	Pos  text.Position
	// Now is the clock at the start.
	Now time.Time
	// Only limits the test to these rules; empty means all.
	Only    []Name
	Replies []*Reply
	Steps   []*CaseStep
}

// CaseStep lets time pass, sends an event, or both in this order, and says what
// must have happened then.
type CaseStep struct {
	Pos text.Position
	// After is how far the clock moves first; At is the time to move it to. At
	// most one is set.
	After time.Duration
	At    time.Time
	Event *CaseEvent
	// Memory is what the rules remember for the event before it comes.
	Memory *Memory
	// Replies are used before those of the case.
	Replies []*Reply
	Expect  *Expect
}

// CaseEvent is an event that a step sends: a sample of Type, or Body with
// changes.
type CaseEvent struct {
	Pos     text.Position
	Type    string
	Body    []byte // nil for a sample
	File    string // to read Body from, relative to the folder of the suite
	FilePos text.Position
	Set     []Assignment
	ID      string
	Meeting string
	// Times is how many such events are sent, each with its own id and meeting,
	// Every apart.
	Times int
	Every time.Duration
}

// Assignment changes one field of an event.
type Assignment struct {
	Pos         text.Position
	Path, Value string
}

// Reply is the answer of a destination to an action.
type Reply struct {
	Pos text.Position
	// Action is the id of the action, or rule/id.
	Action string
	// Answers are given in turn; the last one repeats.
	Answers []Answer
}

// Answer is a result or a failure.
type Answer struct {
	Pos        text.Position
	Fail       event.Cause // empty for a success
	Message    string
	RetryAfter time.Duration
	Result     json.RawMessage // nil for none
}

// Name is a name in a suite with its position.
type Name struct {
	Pos  text.Position
	Name string
}

// Expect says what must have happened by the end of a step. A field that is nil
// is not checked.
type Expect struct {
	Pos text.Position
	// Runs are all runs that the step started or continued, by rule, with their
	// states.
	Runs map[string]ExpectedRuns
	// Sent are all messages sent in the step, in order.
	Sent []*Message
	// NotSent are messages that must not be sent in the step.
	NotSent []*Message
	// NotMatched are rules that started no run in the step.
	NotMatched []Name
	// Waiting are rules with a run that waits until that time.
	Waiting []ExpectedMoment
	// Moved are rules whose wait the step moved to that time.
	Moved []ExpectedMoment
	// Dropped are rules whose wait the step ended.
	Dropped []Name
	// Remembered is what must be remembered for the last event; nil for what must
	// not be. Other names are not checked.
	Remembered *Memory
}

// Memory is what rules remember, by name; that of places is below their names.
type Memory struct {
	Pos    text.Position
	Values map[string]any
}

// ExpectedRuns are the states of one rule's runs.
type ExpectedRuns struct {
	Pos      text.Position
	Statuses []event.Status
}

// ExpectedMoment is a rule and a time, or a duration from the end of the step.
type ExpectedMoment struct {
	Name
	At time.Time
	In time.Duration
}

// When returns the time.
func (m ExpectedMoment) When(now time.Time) time.Time {
	if m.At.IsZero() {
		return now.Add(m.In)
	}
	return m.At
}

// Message describes one message, request or email. An empty field matches all.
type Message struct {
	Pos                text.Position
	Rule, Action, Kind string
	// Is is the whole message, Like a part of it, as JSON values.
	Is, Like any
	// Contains are texts that it must contain, Lacks those that it must not.
	Contains, Lacks []string
}

// Finding returns a finding at a position in the suite.
func (s *Suite) Finding(pos text.Position, message, hint string) text.Finding {
	return text.Finding{Severity: text.SeverityError, Pos: pos, Message: message, Hint: hint, Source: s.text.Line(pos.Line)}
}

// defaultNow is the clock of tests that do not set one: a Monday.
func defaultNow() time.Time { return time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC) }
