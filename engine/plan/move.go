package plan

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Move is the result of moving a waiting run to another revision of its rule.
type Move struct {
	Run    *event.Run
	Next   int // index of the wait in the new rule
	Due    time.Time
	Reason string
	// Problem says why the run cannot be moved; empty if it can.
	Problem string
}

// NewMove moves a waiting run to the rule of the same name in set to: it waits in
// the wait with the same id, until the time that the new rule says. was is the
// set it started with, meeting the newest state of its meeting or nil.
func NewMove(was, to *rules.Set, run *event.Run, ev *event.Event, meeting *event.Meeting, now time.Time) Move {
	m := Move{Run: run, Due: run.Due}
	before, after := was.Rule(run.Rule), to.Rule(run.Rule)
	switch {
	case run.Status != event.StatusWaiting:
		m.Problem = fmt.Sprintf("it is %s, not waiting", run.Status)
		return m
	case run.Damage != nil:
		m.Problem = run.Damage.Reason
		return m
	case collects(run) && before != nil && before.Absence != nil:
		m.Problem = "it waits for what should come (absence)"
		return m
	case collects(run):
		m.Problem = "it collects events for a digest"
		return m
	case before == nil || run.Next >= len(before.Actions):
		m.Problem = "the rule it started with has no such action"
		return m
	case after == nil:
		m.Problem = "the rule is not in the new rules"
		return m
	case after.Disabled:
		m.Problem = "the new rule is turned off (enabled: false)"
		return m
	case after.Shadow && !run.Shadow:
		m.Problem = "the new rule is a shadow rule and sends nothing, but this run would send"
		return m
	case !after.MatchesType(run.EventType) && !event.AppliedID(run.ID):
		m.Problem = "the new rule does not listen to " + run.EventType
		return m
	case after.UsesMemory():
		m.Problem = "the new rule uses memory, so its wait cannot be calculated in advance"
		return m
	case after.Gathers(), after.Recalls():
		m.Problem = "the new rule uses earlier events, so its wait cannot be calculated in advance"
		return m
	}
	id := before.Actions[run.Next].ID
	step := stepByID(after, id)
	if step == nil {
		m.Problem = fmt.Sprintf("the new rule has no action %s", id)
		return m
	}
	wait, ok := step.Action.(params.Waiter)
	if !ok {
		m.Problem = fmt.Sprintf("action %s of the new rule is not a wait", id)
		return m
	}
	o, there := language.ScopeOptions{Now: now, Meeting: meeting, Suppressed: run.Suppressed()}, *run
	there.Next = step.Index
	Place(&o, after, &there, run.Shadow)
	scope := to.Scope(after, ev, o)
	wake, err := Wake(wait, scope, now, waitingSince(run, id, now))
	if err != nil {
		m.Problem = err.Error()
		return m
	}
	if kept, _ := WaitOf(run, id); kept.Then > 0 {
		m.Problem = "actions after its wait have already run"
		return m
	}
	// If the time has passed, the run is due at once and the worker decides.
	m.Next, m.Due = step.Index, wake.At
	m.Reason = fmt.Sprintf("moved to revision %s: %s", to.Revision, wake.Reason)
	return m
}

func stepByID(rule *rules.Rule, id string) *rules.Step {
	for _, s := range rule.Actions {
		if s.ID == id {
			return s
		}
	}
	return nil
}
