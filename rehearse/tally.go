package rehearse

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// RuleTally counts what one rule would have done.
type RuleTally struct {
	Rule string `json:"rule"`
	// Known is false for a rule that only the other rule set has.
	Known   bool `json:"known"`
	Matched int  `json:"matched"`
	// Then is how often the other side matched; New and Gone count events that
	// only this side, or only the other side, matched.
	Then int `json:"then"`
	New  int `json:"new"`
	Gone int `json:"gone"`
	// Changed counts events that both sides matched, but with different messages.
	Changed int `json:"changed"`
	// Sends counts what would be sent, by kind of action; MaySend what depends
	// on unknown replies.
	Sends   map[string]int `json:"sends"`
	MaySend map[string]int `json:"may_send"`
	Waits   int            `json:"waits"`   // runs that reached a wait
	Moved   int            `json:"moved"`   // waits moved with their meeting
	Dropped int            `json:"dropped"` // waits canceled with their meeting
	Asleep  int            `json:"asleep"`  // runs still waiting at the end
	// Skipped counts runs that ended without being carried out: late events,
	// thresholds not reached, throttled, times in the past.
	Skipped int    `json:"skipped"`
	Failed  int    `json:"failed"` // runs that failed before sending
	Errors  int    `json:"errors"` // conditions that could not be evaluated
	Error   string `json:"error,omitempty"`

	Samples    []TallySample `json:"samples,omitempty"`
	Changes    []Difference  `json:"changes,omitempty"`
	NewEvents  []string      `json:"new_events,omitempty"`
	GoneEvents []string      `json:"gone_events,omitempty"`

	// Upcoming is what applying the rule now would add; nil if that is nothing.
	Upcoming *Reach `json:"upcoming,omitempty"`
}

// Reach is what applying a rule to the meetings that were booked before it, and
// are still to come, would add.
type Reach struct {
	// Added counts the runs. Of these, Skipped are skipped and Late start at once,
	// because the time of their wait has passed; AtOnce do not begin with a wait.
	Added   int `json:"added"`
	Skipped int `json:"skipped,omitempty"`
	Late    int `json:"late,omitempty"`
	AtOnce  int `json:"at_once,omitempty"`
	// Partial says that not all events were looked at.
	Partial bool `json:"partial,omitempty"`
}

// Sentence says what would be added, as in "213 runs would be added to upcoming
// meetings booked before it, 4 are past".
func (r *Reach) Sentence() string {
	count := func(n int) string {
		if n == 1 {
			return "1 is"
		}
		return fmt.Sprintf("%d are", n)
	}
	out := fmt.Sprintf("%d runs would be added to upcoming meetings booked before it", r.Added)
	if r.Added == 1 {
		out = "1 run would be added to an upcoming meeting booked before it"
	}
	if r.Partial {
		out = "at least " + out
	}
	if past := r.Skipped + r.Late; past > 0 {
		out += ", " + count(past) + " past"
		if r.Late > 0 {
			out += fmt.Sprintf(", %d of which would start at once", r.Late)
		}
	}
	if r.AtOnce > 0 {
		out += ", " + count(r.AtOnce) + " not waiting and would start at once"
	}
	return out
}

// TallySample is one message that would have been sent.
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
	asleep  map[string]bool // runs that have waited and not ended
	sends   *sends          // may be nil
	room    *room           // for examples; nil means no limit
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
	if len(t.Samples) < c.samples && a.Request != nil && c.room.take(len(a.Request)) {
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

// changed is called when an event moves or drops a waiting run.
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
