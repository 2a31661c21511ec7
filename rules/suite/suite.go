// Package suite reads the users' own tests of rules, and drafts new ones. Who
// runs them is package rehearse.
package suite

import (
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// Suite is one file of rule tests, read and checked.
type Suite struct {
	File string
	// Rules are the paths of the rules that are tested, relative to the folder
	// of the file; empty when the file does not say.
	Rules []string
	// Env is all of the environment that the rules see.
	Env   map[string]string
	Cases []*Case

	text *text.Text
}

// Case is one test: steps in a world of its own.
type Case struct {
	Name string
	Pos  text.Position
	// Now is the clock at the start.
	Now time.Time
	// Only limits what is looked at to these rules; empty means all.
	Only    []Name
	Replies []*Reply
	Steps   []*CaseStep
}

// CaseStep lets time pass or an event come, or both in this order, and says
// what must have happened by its end.
type CaseStep struct {
	Pos text.Position
	// After is how far the clock moves first; At is where to. At most one is
	// set.
	After time.Duration
	At    time.Time
	Event *CaseEvent
	// Replies stand in front of those of the case.
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
	// Times is how many such events come, each with an id and a meeting of its
	// own, Every apart.
	Times int
	Every time.Duration
}

// Assignment changes one field of an event.
type Assignment struct {
	Pos         text.Position
	Path, Value string
}

// Reply is what a destination answers to an action.
type Reply struct {
	Pos text.Position
	// Action is the id of the action, or rule/id.
	Action string
	// Answers are given in turn; the last one again and again.
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

// Name is a name in a suite, with the place where it stands.
type Name struct {
	Pos  text.Position
	Name string
}

// Expect says what must have happened by the end of a step. Fields that are
// nil say nothing.
type Expect struct {
	Pos text.Position
	// Runs are all runs that the step has started or carried further, by rule,
	// with the states they are in.
	Runs map[string]ExpectedRuns
	// Sent are all messages that went out in the step, in order.
	Sent []*Message
	// NotSent are messages of which none went out in the step.
	NotSent []*Message
	// NotMatched are rules that started no run in the step.
	NotMatched []Name
	// Waiting are rules with a run that sleeps until the moment.
	Waiting []ExpectedMoment
	// Moved are rules whose wait the step has moved to the moment.
	Moved []ExpectedMoment
	// Dropped are rules whose wait the step has ended.
	Dropped []Name
}

// ExpectedRuns are the states of one rule's runs.
type ExpectedRuns struct {
	Pos      text.Position
	Statuses []event.Status
}

// ExpectedMoment is a rule and a moment, or a length of time from the clock at
// the end of the step.
type ExpectedMoment struct {
	Name
	At time.Time
	In time.Duration
}

// When returns the moment that is meant.
func (m ExpectedMoment) When(now time.Time) time.Time {
	if m.At.IsZero() {
		return now.Add(m.In)
	}
	return m.At
}

// Message describes one message, request or mail. What is empty fits all.
type Message struct {
	Pos                text.Position
	Rule, Action, Kind string
	// Is is the whole of it, Like a part of it, as JSON values.
	Is, Like any
	// Contains and Lacks are texts that must, or must not, stand in it.
	Contains, Lacks []string
}

// Finding makes a finding at a place in the suite.
func (s *Suite) Finding(pos text.Position, message, hint string) text.Finding {
	return text.Finding{Severity: text.SeverityError, Pos: pos, Message: message, Hint: hint, Source: s.text.Line(pos.Line)}
}

// defaultNow is the clock of tests that do not set one: a Monday.
func defaultNow() time.Time { return time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC) }
