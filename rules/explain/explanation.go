package explain

import (
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/rules/text"
)

// Explanation says what the rules of a set do with one event.
type Explanation struct {
	EventID   string             `json:"event_id"`
	EventType string             `json:"event_type"`
	Revision  string             `json:"revision"`
	At        time.Time          `json:"at"` // the clock of the conditions
	Rules     []*RuleExplanation `json:"rules"`
}

// RuleExplanation says what one rule does with the event.
type RuleExplanation struct {
	Rule    string        `json:"rule"`
	Pos     text.Position `json:"position"`
	Verdict RuleVerdict   `json:"verdict"`
	// Reason is the verdict in words.
	Reason string   `json:"reason"`
	Events []string `json:"events"`
	Shadow bool     `json:"shadow,omitempty"`
	// When is the condition with all its values; nil if there is none or the
	// rule listens to other types of event.
	When *Reading `json:"when,omitempty"`
	// Ignored is the condition of ignored events, if it keeps a rule that would
	// match from starting a run, or could not be evaluated.
	Ignored *Reading `json:"ignored,omitempty"`
	// Windows are the threshold, throttle and digest of a rule that matches.
	Windows []*WindowExplanation `json:"windows,omitempty"`
	// Assumed says what is assumed of earlier events of the meeting; empty if
	// they are known or not used.
	Assumed string `json:"assumed,omitempty"`
	// Held says why a matching rule starts no run for this event; empty if it
	// does. Actions are those of the run that it starts later.
	Held    string               `json:"held,omitempty"`
	Actions []*ActionExplanation `json:"actions,omitempty"`
}

// RuleVerdict is the result of a rule for an event.
type RuleVerdict string

// The verdicts.
const (
	VerdictMatched   RuleVerdict = "matched"
	VerdictNoMatch   RuleVerdict = "not_matched"
	VerdictError     RuleVerdict = "error"      // the condition could not be evaluated
	VerdictOtherType RuleVerdict = "other_type" // the rule listens to other events
	VerdictDisabled  RuleVerdict = "disabled"
)

// ActionExplanation says what one action of a matching rule would do.
type ActionExplanation struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Connection string          `json:"connection,omitempty"`
	Pos        text.Position   `json:"position"`
	Depth      int             `json:"depth,omitempty"` // how many groups it is inside of
	Outlook    ActionOutlook   `json:"outlook"`
	Reason     string          `json:"reason,omitempty"`
	When       *Reading        `json:"when,omitempty"`
	Until      time.Time       `json:"until,omitzero"` // of a wait
	Effect     json.RawMessage `json:"effect,omitempty"`
}

// ActionOutlook is what an action would do.
type ActionOutlook string

// The outlooks.
const (
	OutlookGoesOut ActionOutlook = "goes_out"
	OutlookHeld    ActionOutlook = "held" // it would be sent if the rule were not held back
	OutlookWaits   ActionOutlook = "waits"
	OutlookSkipped ActionOutlook = "skipped"     // its own condition is false
	OutlookUnknown ActionOutlook = "unknown"     // its condition needs a result that is not known yet
	OutlookError   ActionOutlook = "error"       // it cannot be prepared
	OutlookNever   ActionOutlook = "not_reached" // an action before it ends the run
	OutlookEnters  ActionOutlook = "enters"      // a group whose actions are carried out
	OutlookReturns ActionOutlook = "returns"     // the end of a chain
	OutlookStops   ActionOutlook = "stops"       // it ends the run as succeeded
)

// Count returns how many rules have the verdict.
func (e *Explanation) Count(v RuleVerdict) int {
	n := 0
	for _, r := range e.Rules {
		if r.Verdict == v {
			n++
		}
	}
	return n
}
