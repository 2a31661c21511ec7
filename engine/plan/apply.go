package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Outcome is what applying a rule to a meeting comes to.
type Outcome int

// The outcomes.
const (
	ApplyUnmatched Outcome = iota // the rule does not match the meeting
	ApplyLater                    // the run waits first
	ApplyNow                      // the run starts at once, because it does not begin with a wait
	ApplyPast                     // the run starts at once, because the time of its wait has passed
	ApplySkip                     // the run is skipped, because the time of its wait has passed
)

// Applied is a rule applied to the newest event of a meeting.
type Applied struct {
	Outcome Outcome
	// Run is the planned run, unless the rule does not match.
	Run event.PlannedRun
	// Until is when the wait of the run ends, with ApplyLater, ApplyPast and
	// ApplySkip.
	Until  time.Time
	Reason string // how Until was found, in words
}

// Apply matches the newest event of a meeting against one rule, whatever the type
// of the event, and plans the run that the rule would have for the meeting if it
// were booked now. recollect reads what is remembered, if the rule uses it. An
// error of a condition is the error of Apply.
func Apply(set *rules.Set, rule *rules.Rule, ev *event.Event, now time.Time, recollect func(*language.Scope) (map[string]any, error)) (Applied, error) {
	var out Applied
	o := language.ScopeOptions{Now: now}
	if rule.UsesMemory() {
		memory, err := recollect(set.Scope(nil, ev, o))
		if err != nil {
			return out, err
		}
		o.Memory = memory
	}
	scope := set.Scope(rule, ev, o)
	if ignored, err := set.Ignores(scope); err != nil || ignored {
		return out, err
	}
	if rule.When != nil {
		if holds, err := rule.When.Eval(scope); err != nil || !holds {
			return out, err
		}
	}
	maker := Maker{ID: func() string { return appliedID(now, rule, ev.MeetingKey()) }}
	planned, err := maker.Runs(set, ev, []rules.Verdict{{Rule: rule, Matched: true}}, now)
	if err != nil {
		return out, err
	}
	out.Run = planned[0]
	out.Run.SkipIfLate = false
	out.begin(rule, scope, now)
	return out, nil
}

// begin says how the run begins. Actions that send nothing are passed over.
func (a *Applied) begin(rule *rules.Rule, scope *language.Scope, now time.Time) {
	a.Outcome = ApplyNow
	for i := 0; i < len(rule.Actions); {
		step := rule.Actions[i]
		wait, waits := step.Action.(params.Waiter)
		if step.Flow != nil || !waits && !step.Local && !step.Keeps {
			return
		}
		holds := true
		if step.When != nil {
			var err error
			if holds, err = step.When.Eval(scope); err != nil {
				return
			}
		}
		if waits && holds {
			wake, err := Wake(wait, scope, now, now)
			if err != nil || rule.Recalls() {
				return // the worker decides
			}
			a.Until, a.Reason = wake.At, wake.Reason
			switch {
			case wake.Skip:
				a.Outcome = ApplySkip
			case wake.At.After(now):
				a.Outcome = ApplyLater
			default:
				a.Outcome = ApplyPast
			}
			return
		}
		i = max(step.Next, i+1)
	}
}

// appliedID is the id of a run that applying a rule to a meeting starts. Behind
// its time it is the same for the same rule and meeting.
func appliedID(now time.Time, rule *rules.Rule, meetingKey string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%t\x00%s", rule.Name, rule.Shadow, meetingKey))
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16)
	copy(id[6:], sum[:])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
