package rehearse

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

// SuiteOptions configure RunSuite.
type SuiteOptions struct {
	// Run selects tests by name; nil means all.
	Run *regexp.Regexp
	// Read reads a file that a test names, relative to the suite's folder.
	Read func(name string) ([]byte, error)
	// Coverage records what the tests reach; may be nil.
	Coverage *Coverage
}

// Outcome is the result of one test.
type Outcome struct {
	File     string        `json:"file"`
	Name     string        `json:"name"`
	Pos      text.Position `json:"position"`
	Failures []Failure     `json:"failures,omitempty"`
	Log      []Happening   `json:"log,omitempty"`
	Took     time.Duration `json:"took_ns"`
}

// Failed reports whether the test failed.
func (o *Outcome) Failed() bool { return len(o.Failures) > 0 }

// Failure is one expectation that was not met.
type Failure struct {
	Pos     text.Position `json:"position"`
	Step    int           `json:"step"` // counted from 1
	Message string        `json:"message"`
	// Diff is a line diff: - is what was expected, + what happened.
	Diff string `json:"diff,omitempty"`
}

// Happening is one log entry of a test.
type Happening struct {
	At      time.Time       `json:"at"`
	Step    int             `json:"step"`
	Text    string          `json:"text"`
	Request json.RawMessage `json:"request,omitempty"`
}

// RunSuite runs the tests of a suite against a set. Findings are errors in the
// suite that only show with the rules: unknown names, and events or replies
// that are invalid. A suite with unknown names is not run.
func RunSuite(ctx context.Context, suite *suite.Suite, set *rules.Set, o SuiteOptions) ([]*Outcome, text.Findings) {
	findings := checkNames(suite, set)
	if findings.HasErrors() {
		return nil, findings
	}
	out := []*Outcome{}
	for _, c := range suite.Cases {
		if o.Run != nil && !o.Run.MatchString(c.Name) {
			continue
		}
		begun := time.Now()
		p := newPlay(suite, c, set, o)
		p.run(ctx)
		findings = append(findings, p.findings...)
		out = append(out, &Outcome{
			File: suite.File, Name: c.Name, Pos: c.Pos, Failures: p.failures, Log: p.log, Took: time.Since(begun),
		})
	}
	return out, findings
}

// checkNames finds rules and actions in a suite that the set does not have.
func checkNames(suite *suite.Suite, set *rules.Set) text.Findings {
	c := &nameCheck{suite: suite, set: set}
	for _, r := range set.Rules {
		c.rules = append(c.rules, r.Name)
		for _, s := range r.Actions {
			if s.Flow != nil {
				continue // it sends nothing
			}
			c.actions = append(c.actions, s.ID, r.Name+"/"+s.ID)
			c.kinds = append(c.kinds, s.Kind)
		}
	}
	for _, test := range suite.Cases {
		c.only = nil
		c.names(test.Only)
		for _, n := range test.Only {
			c.only = append(c.only, n.Name)
		}
		c.replies(test.Replies)
		for _, step := range test.Steps {
			c.replies(step.Replies)
			if step.Expect != nil {
				c.expect(step.Expect)
			}
		}
	}
	return c.findings
}

type nameCheck struct {
	suite                 *suite.Suite
	set                   *rules.Set
	rules, actions, kinds []string
	only                  []string // the rules that the test covers; empty means all
	findings              text.Findings
}

func (c *nameCheck) known(pos text.Position, what, name string, list []string) {
	if name == "" || slices.Contains(list, name) {
		return
	}
	c.findings = append(c.findings, c.suite.Finding(pos, "there is no "+what+" \""+name+"\" in the rules", text.Suggest(name, list)))
}

func (c *nameCheck) names(list []suite.Name) {
	for _, n := range list {
		c.known(n.Pos, "rule", n.Name, c.rules)
	}
}

func (c *nameCheck) replies(list []*suite.Reply) {
	for _, r := range list {
		c.known(r.Pos, "action", r.Action, c.actions)
	}
}

// lookedAt finds an expectation about a rule that only: excludes: it would have
// no effect.
func (c *nameCheck) lookedAt(pos text.Position, rule string) {
	c.known(pos, "rule", rule, c.rules)
	if rule == "" || len(c.only) == 0 || !slices.Contains(c.rules, rule) || slices.Contains(c.only, rule) {
		return
	}
	c.findings = append(c.findings, c.suite.Finding(pos, "this test does not cover rule \""+rule+"\"", "add it to only:, or remove it here"))
}

func (c *nameCheck) expect(x *suite.Expect) {
	for _, name := range slices.Sorted(maps.Keys(x.Runs)) {
		c.lookedAt(x.Runs[name].Pos, name)
	}
	for _, n := range slices.Concat(x.NotMatched, x.Dropped) {
		c.lookedAt(n.Pos, n.Name)
	}
	for _, m := range slices.Concat(x.Waiting, x.Moved) {
		c.lookedAt(m.Pos, m.Name.Name)
	}
	for _, m := range slices.Concat(x.Sent, x.NotSent) {
		c.lookedAt(m.Pos, m.Rule)
		c.known(m.Pos, "action", event.ActionOf(m.Action), c.actions)
		c.known(m.Pos, "kind of action", m.Kind, c.kinds)
	}
}

// state is what is kept of a run between steps.
type state struct {
	status event.Status
	due    time.Time
	next   int
}
