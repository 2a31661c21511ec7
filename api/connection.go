package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/history"
)

// Connections are the connections of the rules in force.
type Connections struct {
	Items []ConnectionPast `json:"items"`
}

// ConnectionPast is a connection with what its calls came to.
type ConnectionPast struct {
	Connection
	State ConnectionState `json:"state"`
	// Day is the last 24 hours, of all processes.
	Day   history.Calls `json:"day"`
	Rules []string      `json:"rules"` // that use it, in file order
	// Paused is its pause; nil when it is not paused.
	Paused *event.Pause `json:"paused,omitempty"`

	uses map[string][]int // the numbers of the actions that use it, by rule
}

// ConnectionDetail is a connection with its last error and what it holds.
type ConnectionDetail struct {
	ConnectionPast
	LastError *ConnectionError `json:"last_error,omitempty"`
	// Held are the runs of its rules that have not ended: their number by status,
	// counted up to MostHeld for each rule.
	Held map[event.Status]int `json:"held"`
	// More says that there are more than were counted.
	More bool `json:"more_held,omitempty"`
}

// MostHeld is how many runs of a rule and status are counted for a connection.
const MostHeld = 100

// ConnectionError is the newest failed attempt over a connection that is stored.
type ConnectionError struct {
	At     time.Time   `json:"at"`
	Run    string      `json:"run"`
	Rule   string      `json:"rule"`
	Cause  event.Cause `json:"cause"`
	Reason string      `json:"reason"`
}

// ConnectionState says in a word how a connection is.
type ConnectionState string

// The states of a connection.
const (
	ConnectionNew     ConnectionState = "not_called" // no call in the last 32 days
	ConnectionWorking ConnectionState = "working"
	ConnectionFailing ConnectionState = "failing" // its newest calls failed
	ConnectionTried   ConnectionState = "trying"  // it failed, and one call at a time finds out whether it still does
	ConnectionAsked   ConnectionState = "asked"   // it has asked for a pause
)

// PastOf returns a connection with its calls and its state.
func PastOf(c Connection, calls map[string]history.Calls, rules []Rule, now time.Time) ConnectionPast {
	day, known := calls[c.Name]
	if !known {
		day = history.NoCalls(now)
	}
	p := ConnectionPast{Connection: c, Day: day, Rules: []string{}, uses: map[string][]int{}}
	for _, r := range rules {
		for i, a := range r.Actions {
			if a.Connection == c.Name {
				p.uses[r.Name] = append(p.uses[r.Name], i)
			}
		}
		if p.uses[r.Name] != nil {
			p.Rules = append(p.Rules, r.Name)
		}
	}
	switch {
	case c.Breaker == "open":
		p.State = ConnectionFailing
	case c.PausedUntil.After(now):
		p.State = ConnectionAsked
	case c.Breaker == "half-open":
		p.State = ConnectionTried
	case !day.FailingSince.IsZero():
		p.State = ConnectionFailing
	case day.Called || c.InFlight > 0:
		p.State = ConnectionWorking
	default:
		p.State = ConnectionNew
	}
	return p
}

// PastsOf returns connections with their calls, those in trouble first.
func PastsOf(list []Connection, calls map[string]history.Calls, rules []Rule, now time.Time) []ConnectionPast {
	out := make([]ConnectionPast, 0, len(list))
	for _, c := range list {
		out = append(out, PastOf(c, calls, rules, now))
	}
	slices.SortStableFunc(out, func(a, b ConnectionPast) int { return cmp.Compare(b.State.trouble(), a.State.trouble()) })
	return out
}

func (s ConnectionState) trouble() int {
	switch s {
	case ConnectionFailing:
		return 3
	case ConnectionTried, ConnectionAsked:
		return 2
	case ConnectionWorking:
		return 1
	}
	return 0
}
