package rehearse

import (
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// RuleTally counts what one rule would have done.
type RuleTally struct {
	Rule string `json:"rule"`
	// Known is false for a rule that only the other side has.
	Known   bool `json:"known"`
	Matched int  `json:"matched"`
	// Then is how often the other side matched; New and Gone are the events
	// that only this, or only the other, side matched.
	Then int `json:"then"`
	New  int `json:"new"`
	Gone int `json:"gone"`
	// Changed is for how many events both sides matched and would send something
	// else: another text, channel, recipient or address, or more or less of it.
	Changed int `json:"changed"`
	// Sends counts what would go out, by kind of action; MaySend what depends
	// on replies that nobody knows.
	Sends   map[string]int `json:"sends"`
	MaySend map[string]int `json:"may_send"`
	Waits   int            `json:"waits"`   // runs that went to sleep
	Moved   int            `json:"moved"`   // by their meetings
	Dropped int            `json:"dropped"` // with their meetings
	Asleep  int            `json:"asleep"`  // still, at the end
	// Skipped counts runs that ended without being carried out: late events,
	// thresholds not reached, throttled, passed moments.
	Skipped int    `json:"skipped"`
	Failed  int    `json:"failed"` // runs that could not be made ready
	Errors  int    `json:"errors"` // conditions that could not be evaluated
	Error   string `json:"error,omitempty"`

	Samples    []TallySample `json:"samples,omitempty"`
	Changes    []Difference  `json:"changes,omitempty"`
	NewEvents  []string      `json:"new_events,omitempty"`
	GoneEvents []string      `json:"gone_events,omitempty"`
}

// TallySample is one thing that would have gone out.
type TallySample struct {
	At      time.Time       `json:"at"`
	EventID string          `json:"event_id"`
	Kind    string          `json:"kind"`
	Request json.RawMessage `json:"request"`
}

func (t *RuleTally) firstError(text string) {
	if t.Error == "" {
		t.Error = text
	}
}

// tallies counts what happens on a stage.
type tallies struct {
	samples int
	byRule  map[string]*RuleTally
	list    []*RuleTally
	asleep  map[string]bool // runs that have slept and not ended
	sends   *sends          // nil: nobody asks what goes out
}

func newTallies(samples int) *tallies {
	return &tallies{samples: samples, byRule: map[string]*RuleTally{}, asleep: map[string]bool{}}
}

func (c *tallies) of(rule string) *RuleTally {
	t := c.byRule[rule]
	if t == nil {
		t = &RuleTally{Rule: rule, Sends: map[string]int{}, MaySend: map[string]int{}}
		c.byRule[rule] = t
		c.list = append(c.list, t)
	}
	return t
}

// EventTaken implements engine.Observer.
func (*tallies) EventTaken(*event.Event, event.Receipt, int) {}

// Claimed implements engine.Observer.
func (*tallies) Claimed(int, time.Duration) {}

// AttemptEnded implements engine.Observer.
func (c *tallies) AttemptEnded(run *event.Run, a *event.Attempt) {
	if a.Rehearsed == "" {
		return
	}
	t := c.of(run.Rule)
	c.sends.add(run, a)
	if a.Rehearsed == event.WouldSend {
		t.Sends[a.Kind]++
	} else {
		t.MaySend[a.Kind]++
	}
	if len(t.Samples) < c.samples && a.Request != nil {
		t.Samples = append(t.Samples, TallySample{At: a.Started, EventID: run.EventID, Kind: a.Kind, Request: a.Request})
	}
}

// RunChanged implements engine.Observer.
func (c *tallies) RunChanged(run *event.Run) {
	t := c.of(run.Rule)
	switch run.Status {
	case event.StatusWaiting:
		if c.asleep[run.ID] {
			t.Moved++
			return
		}
		t.Waits++
		c.asleep[run.ID] = true
		return
	case event.StatusSkipped:
		t.Skipped++
	case event.StatusFailed:
		// A condition that could not be evaluated is counted as such.
		if run.Next > 0 || run.Tries > 0 {
			t.Failed++
			t.firstError(run.Reason)
		}
	}
	if run.Status.Done() {
		delete(c.asleep, run.ID)
		if run.Next != event.NextCondition { // else it did not match
			c.sends.ended(run)
		}
	}
}

// changed is notified of what an event does to a waiting run.
func (c *tallies) changed(run *event.Run, _ event.Attempt) {
	t := c.of(run.Rule)
	if run.Status == event.StatusCanceled {
		t.Dropped++
		delete(c.asleep, run.ID)
		c.sends.ended(run)
		return
	}
	t.Moved++
}
