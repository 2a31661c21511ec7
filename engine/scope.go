package engine

import (
	"time"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
)

// matchScope is the scope of the rule's condition. There, now() is always the
// time the rule matched: a recheck is about changes of the meeting, not about the
// time that has passed.
func (j *job) matchScope() *language.Scope { return j.scopeAt(j.run.Created) }

// scope returns the scope of expressions at this point of the run.
func (j *job) scope() *language.Scope { return j.scopeAt(j.opts.Now()) }

// scopeAt returns the scope in the memory of the one before, of which nobody
// may use anything any more.
func (j *job) scopeAt(now time.Time) *language.Scope {
	o := language.ScopeOptions{
		Now: now, Meeting: j.newest, Preview: j.hypothetical(), NoReply: j.opts.Rehearsal.NoReply,
		Window: j.window, Collected: j.report.window(j.redacted), Suppressed: j.run.Suppressed(), Previous: j.previous, Reschedules: j.reschedules, Memory: j.memory, Used: j.used,
	}
	if j.rule.UsesResults() {
		if j.results == nil {
			j.results = plan.KnownResults(j.rule, j.run, j.hypothetical())
		}
		o.Results = j.results
	}
	if j.rule.Branches() {
		j.place(&o)
	}
	if j.used == nil {
		j.used = j.set.Borrow(j.rule, j.ev, o)
		return j.used
	}
	return j.set.Scope(j.rule, j.ev, o)
}

// scopeOf returns the scope that another step than the next one has.
func (j *job) scopeOf(s *rules.Step) *language.Scope {
	if !j.rule.Branches() {
		return j.scope()
	}
	next, results := j.run.Next, j.results
	j.run.Next, j.results = s.Index, nil
	defer func() { j.run.Next, j.results = next, results }()
	return j.scope()
}
