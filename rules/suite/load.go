package suite

import (
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

// IsSuite reports whether a file has rule tests: *_test.yaml or *_test.yml.
func IsSuite(name string) bool {
	for _, end := range []string{"_test.yaml", "_test.yml"} {
		if strings.HasSuffix(name, end) && !strings.HasSuffix(name, "/"+end) && name != end {
			return true
		}
	}
	return false
}

// Load reads a file of rule tests. The suite is nil if a finding is an error.
func Load(source text.Source) (*Suite, text.Findings) {
	out := &text.Collector{}
	if f := text.CheckSource(source); f != nil {
		return nil, text.Findings{*f}
	}
	doc := text.ParseDocument(source, out)
	if doc == nil {
		return nil, out.Findings.Sorted()
	}
	comp := language.NewCompiler(nil)
	l := &suiteLoader{
		Decoder: &params.Decoder{Reader: values.Reader{Doc: doc, Out: out, Comp: comp, Words: comp.ConstantVocabulary()}},
		suite:   &Suite{File: source.Name, text: doc.Text, Env: map[string]string{}},
		now:     defaultNow(), bases: map[string]*CaseEvent{}, misspelt: map[*yaml.Node]bool{},
	}
	l.load()
	findings := out.Findings.Sorted()
	if findings.HasErrors() {
		return nil, findings
	}
	return l.suite, findings
}

// suiteLoader reads one file of tests.
type suiteLoader struct {
	*params.Decoder
	suite *Suite
	now   time.Time
	bases map[string]*CaseEvent
	// misspelt are mappings with an unknown key, which is likely a misspelling of
	// a missing one.
	misspelt map[*yaml.Node]bool
}

var suiteKeys = []string{"rules", "now", "env", "events", "tests"}

func (l *suiteLoader) load() {
	root := l.Doc.Root
	if root == nil || root.Kind != yaml.MappingNode {
		l.Out.Add(text.Finding{Severity: text.SeverityError, Pos: text.Position{File: l.suite.File}, Message: "there are no tests", Hint: "add tests: with at least one test"})
		return
	}
	keys := l.keysOf(root, suiteKeys)
	var head struct {
		Rules []string          `yaml:"rules"`
		Env   map[string]string `yaml:"env"`
	}
	l.MappingOf(root, &head, suiteKeys...)
	l.suite.Rules = head.Rules
	if head.Env != nil {
		l.suite.Env = head.Env
	}
	if e, ok := keys["now"]; ok {
		l.now = l.time(e.Value)
	}
	if e, ok := keys["events"]; ok && l.isMapping(e) {
		for _, base := range l.Entries(e.Value) {
			if l.isMapping(base) {
				l.bases[base.Name] = l.event(base.Value, l.keysOf(base.Value, eventKeys))
			}
		}
	}
	e, ok := keys["tests"]
	switch {
	case !ok:
		l.Fail(root, text.Quote("tests")+" is missing", "add tests: with at least one test")
	case l.IsList(e):
		for _, n := range e.Value.Content {
			l.test(text.Resolve(n))
		}
	}
}

// keysOf lists the keys of a mapping and reports unknown ones.
func (l *suiteLoader) keysOf(n *yaml.Node, known []string) map[string]text.Entry {
	out := map[string]text.Entry{}
	for _, e := range l.Entries(n) {
		if !slices.Contains(known, e.Name) {
			l.Fail(e.Key, "unknown key "+text.Quote(e.Name), text.Suggest(e.Name, known))
			l.misspelt[n] = true
			continue
		}
		if e.Value.Tag == "!!null" && e.Name != "body" {
			l.Empty(e)
			continue
		}
		out[e.Name] = e
	}
	return out
}

func (l *suiteLoader) isMapping(e text.Entry) bool {
	if e.Value.Kind != yaml.MappingNode {
		l.Fail(e.Value, e.Name+" must be a mapping, not "+text.Article(e.Value), "")
		return false
	}
	return true
}

func (l *suiteLoader) IsList(e text.Entry) bool {
	if e.Value.Kind != yaml.SequenceNode {
		l.Fail(e.Value, e.Name+" must be a list, not "+text.Article(e.Value), "start each item with a dash")
		return false
	}
	return true
}

func (l *suiteLoader) at(n *yaml.Node) text.Position {
	return text.Position{File: l.suite.File, Line: n.Line, Column: n.Column}
}

// word reads text, or adds a finding.
func (l *suiteLoader) word(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		l.Fail(n, "must be text, not "+text.Article(n), "")
	}
	return n.Value
}

// time reads a time.
func (l *suiteLoader) time(n *yaml.Node) time.Time {
	t, err := time.Parse(time.RFC3339, n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		l.Fail(n, "must be a time, not "+text.Article(n), "write it as 2026-03-02T09:00:00Z")
	}
	return t
}

// span reads a duration.
func (l *suiteLoader) span(n *yaml.Node) time.Duration {
	d, err := units.ParseDuration(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode || d < 0 {
		l.Fail(n, "must be a duration, not "+text.Article(n), "write 90s, 15m, 2h or 3d")
	}
	return time.Duration(d)
}

var (
	eventKeys = []string{"event", "from", "body", "file", "set", "id", "meeting", "times", "every"}
	stepOnly  = []string{"after", "at", "memory", "replies", "expect"}
	testKeys  = []string{"name", "description", "only", "now", "steps"}
)

func (l *suiteLoader) test(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		l.Fail(n, "a test must be a mapping, not "+text.Article(n), "give it name:, event: and expect:")
		return
	}
	keys := l.keysOf(n, slices.Concat(testKeys, eventKeys, stepOnly))
	c := &Case{Pos: l.at(n), Now: l.now}
	if e, ok := keys["name"]; ok {
		c.Name = l.word(e.Value)
	} else {
		l.Fail(n, text.Quote("name")+" is missing", "say what the test shows")
	}
	for _, other := range l.suite.Cases {
		if c.Name != "" && other.Name == c.Name {
			l.Fail(keys["name"].Value, "another test has this name, at "+other.Pos.String(), "")
		}
	}
	if e, ok := keys["now"]; ok {
		c.Now = l.time(e.Value)
	}
	if e, ok := keys["only"]; ok {
		c.Only = l.names(e)
	}
	l.suite.Cases = append(l.suite.Cases, c)
	defer func() { l.mustExpect(n, c) }()
	steps, ok := keys["steps"]
	if !ok {
		c.Steps = []*CaseStep{l.step(n, keys)}
		return
	}
	for _, name := range slices.Concat(eventKeys, []string{"after", "at", "memory", "expect"}) {
		if e, both := keys[name]; both {
			l.Fail(e.Key, text.Quote(name)+" cannot be used with steps", "move it into one of the steps")
		}
	}
	if e, ok := keys["replies"]; ok {
		c.Replies = l.replies(e)
	}
	if l.IsList(steps) {
		for _, s := range steps.Value.Content {
			if s = text.Resolve(s); s.Kind != yaml.MappingNode {
				l.Fail(s, "a step must be a mapping, not "+text.Article(s), "")
				continue
			}
			c.Steps = append(c.Steps, l.step(s, l.keysOf(s, slices.Concat(eventKeys, stepOnly))))
		}
	}
}

// mustExpect reports a test that cannot fail.
func (l *suiteLoader) mustExpect(n *yaml.Node, c *Case) {
	for _, s := range c.Steps {
		if s.Expect != nil {
			return
		}
	}
	if !l.misspelt[n] {
		l.Fail(n, "this test expects nothing, so it cannot fail", "add expect:, for example with runs: { RULE: succeeded }")
	}
}

func (l *suiteLoader) step(n *yaml.Node, keys map[string]text.Entry) *CaseStep {
	s := &CaseStep{Pos: l.at(n)}
	if e, ok := keys["after"]; ok {
		s.After = l.span(e.Value)
	}
	if e, ok := keys["at"]; ok {
		s.At = l.time(e.Value)
		if s.After != 0 {
			l.Fail(e.Key, text.Quote("after")+" and "+text.Quote("at")+" cannot be used together", "remove one of them")
		}
	}
	if slices.ContainsFunc(eventKeys, func(k string) bool { _, ok := keys[k]; return ok }) {
		s.Event = l.event(n, keys)
	} else if s.After == 0 && s.At.IsZero() && !l.misspelt[n] {
		l.Fail(n, "nothing happens in this step", "add event:, or after: to let time pass")
	}
	if e, ok := keys["memory"]; ok {
		s.Memory = l.memory(e)
		if s.Event == nil && !l.misspelt[n] {
			l.Fail(e.Key, "memory belongs to an event, but this step has none", "move it to the step with the event")
		}
	}
	if e, ok := keys["replies"]; ok {
		s.Replies = l.replies(e)
	}
	if e, ok := keys["expect"]; ok && l.isMapping(e) {
		s.Expect = l.expect(e.Value)
	}
	return s
}
