package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

// play is one test being run.
type play struct {
	suite *suite.Suite
	test  *suite.Case
	set   *rules.Set
	opts  SuiteOptions
	stage *Stage

	step     int // counted from 1
	events   int
	used     map[*suite.Reply]int // answers used so far
	before   map[string]state     // of runs, at the start of the step
	sent     []sending            // in the step
	matched  map[string]bool      // rules that started a run in the step
	ignored  bool                 // whether the rules ignore an event of the step
	failures []Failure
	findings text.Findings
	log      []Happening
	last     *event.Event // that was taken
}

// sending is one message that was sent.
type sending struct {
	rule, action, kind string
	request            json.RawMessage
}

func newPlay(tests *suite.Suite, test *suite.Case, set *rules.Set, o SuiteOptions) *play {
	p := &play{suite: tests, test: test, set: set, opts: o, used: map[*suite.Reply]int{}}
	p.stage = NewStage(StageOptions{
		Set: set, Now: test.Now, Observer: p, Changed: p.changed, Rehearsal: engine.Rehearsal{Send: p.answer, NoReply: noReply},
	})
	return p
}

func (p *play) run(ctx context.Context) {
	if err := p.stage.list(ctx); err != nil {
		p.fail(p.test.Pos, "test could not be begun: "+err.Error(), "")
		return
	}
	for i, step := range p.test.Steps {
		p.step, p.sent, p.matched, p.before, p.ignored = i+1, nil, map[string]bool{}, p.states(), false
		if err := p.carryOut(ctx, step); err != nil {
			p.fail(step.Pos, "step could not be run: "+err.Error(), "")
			return
		}
		if step.Expect != nil {
			p.judge(step)
		} else {
			p.judgeFailed(step.Pos, p.touched())
		}
	}
}

func (p *play) fail(pos text.Position, message, diff string) {
	p.failures = append(p.failures, Failure{Pos: pos, Step: p.step, Message: message, Diff: diff})
}

func (p *play) carryOut(ctx context.Context, step *suite.CaseStep) error {
	to := p.stage.Now().Add(step.After)
	if !step.At.IsZero() {
		if to = step.At; to.Before(p.stage.Now()) {
			return fmt.Errorf("the clock cannot go back to %s; it is %s", timeText(to), timeText(p.stage.Now()))
		}
	}
	if err := p.stage.Advance(ctx, to); err != nil {
		return err
	}
	if step.Event == nil {
		return nil
	}
	for i := range step.Event.Times {
		if i > 0 {
			if err := p.stage.Advance(ctx, p.stage.Now().Add(step.Event.Every)); err != nil {
				return err
			}
		}
		ev, err := p.event(step.Event)
		if err != nil {
			return err
		}
		if err := p.remember(ev, step.Memory); err != nil {
			return err
		}
		p.last = ev
		if err := p.take(ctx, ev); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) take(ctx context.Context, ev *event.Event) error {
	ignored := ignores(p.set, ev)
	if p.opts.Coverage != nil && !ignored {
		p.opts.Coverage.saw(ev, p.stage.store.Remembered())
	}
	p.note("event %s (%s)", ev.ID, ev.Type)
	if ignored {
		p.ignored = true
		p.note("ignored for all rules: %s", p.set.Ignore.Source)
	}
	receipt, err := p.stage.Take(ctx, ev)
	switch {
	case err != nil:
		return err
	case receipt.Duplicate:
		p.note("duplicate, ignored")
	case receipt.Late:
		p.note("late: a newer event of this meeting came first")
	}
	return nil
}

// answer replies in place of every destination.
func (p *play) answer(run *event.Run, s *rules.Step, _ int) (any, *event.Failure) {
	replies := p.test.Replies
	if step := p.test.Steps[p.step-1]; len(step.Replies) > 0 {
		replies = append(append([]*suite.Reply{}, step.Replies...), replies...)
	}
	for _, r := range replies {
		if r.Action == s.ID || r.Action == run.Rule+"/"+s.ID {
			return p.give(r, s)
		}
	}
	return nil, nil
}

func (p *play) give(r *suite.Reply, s *rules.Step) (any, *event.Failure) {
	a := r.Answers[min(p.used[r], len(r.Answers)-1)]
	p.used[r]++
	if a.Fail != "" {
		message := a.Message
		if message == "" {
			message = "failure set by the test: " + string(a.Fail)
		}
		return nil, &event.Failure{Cause: a.Fail, Text: message, Retry: retries(a.Fail), RetryAfter: a.RetryAfter}
	}
	if s.NewResult == nil {
		return nil, nil
	}
	result := s.NewResult()
	if own, ok := s.Action.(params.Replied); ok {
		result = own.NewReply()
	}
	if err := event.UnmarshalExact(a.Result, result); err != nil {
		p.findings = append(p.findings, p.suite.Finding(a.Pos, "not a reply to a "+s.Kind+" action: "+err.Error(), ""))
		return nil, event.Failf(event.CauseRefused, false, "the reply cannot be read")
	}
	if j, ok := s.Action.(judge); ok {
		if f := j.Judge(result); f != nil {
			return nil, f
		}
	}
	return result, nil
}

// judge is an action that recognizes a failure by its reply, as an HTTP call
// does by the status. Without it, a test could pass with a reply that really
// ends the run.
type judge interface {
	Judge(result any) *event.Failure
}

// retries reports whether a failure of this cause is retried.
func retries(c event.Cause) bool {
	switch c {
	case event.CauseRateLimited, event.CauseServer, event.CauseTimeout, event.CauseNetwork:
		return true
	}
	return false
}

func (p *play) states() map[string]state {
	out := map[string]state{}
	for _, r := range p.stage.Runs() {
		out[r.ID] = state{status: r.Status, due: r.Due, next: r.Next}
	}
	return out
}

func (p *play) note(format string, args ...any) {
	p.log = append(p.log, Happening{At: p.stage.Now(), Step: p.step, Text: fmt.Sprintf(format, args...)})
}

// EventTaken implements engine.Observer.
func (p *play) EventTaken(ev *event.Event, _ event.Receipt, _ int) {
	if ev.Type != own.TypeScheduleDue || !p.concerns(ev.Own.Rule) {
		return
	}
	p.note("%s: %s", ev.Own.Rule, ev.Own.Text)
	if p.opts.Coverage != nil {
		p.opts.Coverage.saw(ev, p.stage.store.Remembered())
	}
}

// Claimed implements engine.Observer.
func (p *play) Claimed(int, time.Duration) {}

// RunChanged implements engine.Observer.
func (p *play) RunChanged(run *event.Run) {
	if p.concerns(run.Rule) {
		p.note("%s: %s%s", run.Rule, run.Status, suffix(run.Reason))
	}
}

func (p *play) changed(run *event.Run, a event.Attempt) {
	if p.concerns(run.Rule) {
		p.note("%s: %s%s", run.Rule, run.Status, suffix(a.Reason))
	}
}

// AttemptEnded implements engine.Observer.
func (p *play) AttemptEnded(run *event.Run, a *event.Attempt) {
	if !p.concerns(run.Rule) {
		return
	}
	p.note("%s: %s %s%s", run.Rule, a.ActionID, a.Outcome, suffix(a.Reason))
	p.log[len(p.log)-1].Request = a.Request
	if a.Outcome == event.OutcomeSucceeded && a.Request != nil && !p.keeps(run, a) {
		p.sent = append(p.sent, sending{rule: run.Rule, action: a.ActionID, kind: a.Kind, request: a.Request})
	}
}

// keeps reports whether an attempt remembered something, which is no message.
func (p *play) keeps(run *event.Run, a *event.Attempt) bool {
	rule := p.set.Rule(run.Rule)
	return rule != nil && a.Action >= 0 && a.Action < len(rule.Actions) && rule.Actions[a.Action].Keeps
}

// noReply is the hint for a missing reply.
const noReply = "which the test does not define; add it under replies"

// suffix returns a reason after a colon; empty if there is none.
func suffix(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
