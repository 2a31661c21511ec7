package rules

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
)

// IsSuite reports whether a file name is that of rule tests: *_test.yaml.
func IsSuite(name string) bool {
	for _, end := range []string{"_test.yaml", "_test.yml"} {
		if strings.HasSuffix(name, end) && !strings.HasSuffix(name, "/"+end) && name != end {
			return true
		}
	}
	return false
}

// LoadSuite reads a file of rule tests. The suite is nil when a finding is an
// error.
func LoadSuite(source Source) (*Suite, Findings) {
	out := &collector{}
	if f := checkSource(source); f != nil {
		return nil, Findings{*f}
	}
	doc := parseDocument(source, out)
	if doc == nil {
		return nil, out.findings.sorted()
	}
	comp := newCompiler(nil)
	l := &suiteLoader{
		decoder: &decoder{valueReader: valueReader{doc: doc, out: out, comp: comp, words: comp.constantVocabulary()}},
		suite:   &Suite{File: source.Name, text: doc.text, Env: map[string]string{}},
		now:     defaultNow(), bases: map[string]*CaseEvent{}, misspelt: map[*yaml.Node]bool{},
	}
	l.load()
	findings := out.findings.sorted()
	if findings.HasErrors() {
		return nil, findings
	}
	return l.suite, findings
}

// suiteLoader reads one file of tests.
type suiteLoader struct {
	*decoder
	suite *Suite
	now   time.Time
	bases map[string]*CaseEvent
	// misspelt are mappings with an unknown key: what is missing in them is
	// likely that.
	misspelt map[*yaml.Node]bool
}

var suiteKeys = []string{"rules", "now", "env", "events", "tests"}

func (l *suiteLoader) load() {
	root := l.doc.root
	if root == nil || root.Kind != yaml.MappingNode {
		l.out.add(Finding{Severity: SeverityError, Pos: Position{File: l.suite.File}, Message: "there are no tests", Hint: "add tests: with at least one test"})
		return
	}
	keys := l.keysOf(root, suiteKeys)
	var head struct {
		Rules []string          `yaml:"rules"`
		Env   map[string]string `yaml:"env"`
	}
	l.mappingOf(root, &head, suiteKeys...)
	l.suite.Rules = head.Rules
	if head.Env != nil {
		l.suite.Env = head.Env
	}
	if e, ok := keys["now"]; ok {
		l.now = l.time(e.value)
	}
	if e, ok := keys["events"]; ok && l.isMapping(e) {
		for _, base := range l.entries(e.value) {
			if l.isMapping(base) {
				l.bases[base.name] = l.event(base.value, l.keysOf(base.value, eventKeys))
			}
		}
	}
	e, ok := keys["tests"]
	switch {
	case !ok:
		l.fail(root, quote("tests")+" is missing", "add tests: with at least one test")
	case l.isList(e):
		for _, n := range e.value.Content {
			l.test(resolve(n))
		}
	}
}

// keysOf lists the keys of a mapping and reports those that are unknown.
func (l *suiteLoader) keysOf(n *yaml.Node, known []string) map[string]entry {
	out := map[string]entry{}
	for _, e := range l.entries(n) {
		if !slices.Contains(known, e.name) {
			l.fail(e.key, "unknown key "+quote(e.name), suggest(e.name, known))
			l.misspelt[n] = true
			continue
		}
		if e.value.Tag == "!!null" && e.name != "body" {
			l.empty(e)
			continue
		}
		out[e.name] = e
	}
	return out
}

func (l *suiteLoader) isMapping(e entry) bool {
	if e.value.Kind != yaml.MappingNode {
		l.fail(e.value, e.name+" must be a mapping, not "+article(e.value), "")
		return false
	}
	return true
}

func (l *suiteLoader) isList(e entry) bool {
	if e.value.Kind != yaml.SequenceNode {
		l.fail(e.value, e.name+" must be a list, not "+article(e.value), "start each item with a dash")
		return false
	}
	return true
}

func (l *suiteLoader) at(n *yaml.Node) Position {
	return Position{File: l.suite.File, Line: n.Line, Column: n.Column}
}

// time reads a moment.
func (l *suiteLoader) time(n *yaml.Node) time.Time {
	t, err := time.Parse(time.RFC3339, n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		l.fail(n, "must be a moment, not "+article(n), "write it as 2026-03-02T09:00:00Z")
	}
	return t
}

// span reads a length of time.
func (l *suiteLoader) span(n *yaml.Node) time.Duration {
	d, err := ParseDuration(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode || d < 0 {
		l.fail(n, "must be a length of time, not "+article(n), "write 90s, 15m, 2h or 3d")
	}
	return time.Duration(d)
}

var (
	eventKeys = []string{"event", "from", "body", "file", "set", "id", "meeting", "times", "every"}
	stepOnly  = []string{"after", "at", "replies", "expect"}
	testKeys  = []string{"name", "description", "only", "now", "steps"}
)

func (l *suiteLoader) test(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		l.fail(n, "a test must be a mapping, not "+article(n), "give it name:, event: and expect:")
		return
	}
	keys := l.keysOf(n, slices.Concat(testKeys, eventKeys, stepOnly))
	c := &Case{Pos: l.at(n), Now: l.now}
	if e, ok := keys["name"]; ok {
		c.Name = e.value.Value
	} else {
		l.fail(n, quote("name")+" is missing", "say what the test shows")
	}
	for _, other := range l.suite.Cases {
		if c.Name != "" && other.Name == c.Name {
			l.fail(keys["name"].value, "another test has this name, at "+other.Pos.String(), "")
		}
	}
	if e, ok := keys["now"]; ok {
		c.Now = l.time(e.value)
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
	for _, name := range slices.Concat(eventKeys, []string{"after", "at", "expect"}) {
		if e, both := keys[name]; both {
			l.fail(e.key, quote(name)+" cannot stand beside steps", "move it into one of the steps")
		}
	}
	if e, ok := keys["replies"]; ok {
		c.Replies = l.replies(e)
	}
	if l.isList(steps) {
		for _, s := range steps.value.Content {
			if s = resolve(s); s.Kind != yaml.MappingNode {
				l.fail(s, "a step must be a mapping, not "+article(s), "")
				continue
			}
			c.Steps = append(c.Steps, l.step(s, l.keysOf(s, slices.Concat(eventKeys, stepOnly))))
		}
	}
}

// mustExpect refuses a test that could not fail.
func (l *suiteLoader) mustExpect(n *yaml.Node, c *Case) {
	for _, s := range c.Steps {
		if s.Expect != nil {
			return
		}
	}
	if !l.misspelt[n] {
		l.fail(n, "this test expects nothing, so it cannot fail", "add expect:, for example with runs: { RULE: succeeded }")
	}
}

func (l *suiteLoader) step(n *yaml.Node, keys map[string]entry) *CaseStep {
	s := &CaseStep{Pos: l.at(n)}
	if e, ok := keys["after"]; ok {
		s.After = l.span(e.value)
	}
	if e, ok := keys["at"]; ok {
		s.At = l.time(e.value)
		if s.After != 0 {
			l.fail(e.key, quote("after")+" and "+quote("at")+" cannot stand together", "remove one of them")
		}
	}
	if slices.ContainsFunc(eventKeys, func(k string) bool { _, ok := keys[k]; return ok }) {
		s.Event = l.event(n, keys)
	} else if s.After == 0 && s.At.IsZero() && !l.misspelt[n] {
		l.fail(n, "nothing happens in this step", "add event:, or after: to let time pass")
	}
	if e, ok := keys["replies"]; ok {
		s.Replies = l.replies(e)
	}
	if e, ok := keys["expect"]; ok && l.isMapping(e) {
		s.Expect = l.expect(e.value)
	}
	return s
}

// event reads the keys that make an event.
func (l *suiteLoader) event(n *yaml.Node, keys map[string]entry) *CaseEvent {
	ev := &CaseEvent{Pos: l.at(n), Times: 1}
	sources := 0
	for _, k := range []string{"event", "from", "body", "file"} {
		if _, ok := keys[k]; ok {
			sources++
		}
	}
	if sources != 1 {
		l.fail(n, "an event comes from exactly one of event, from, body and file", "give the type of a sample with event:")
		return ev
	}
	l.eventSource(ev, keys)
	if e, ok := keys["set"]; ok && l.isMapping(e) {
		for _, x := range l.entries(e.value) {
			ev.Set = append(ev.Set, Assignment{Pos: l.at(x.key), Path: x.name, Value: l.asText(x.value)})
		}
	}
	for name, into := range map[string]*string{"id": &ev.ID, "meeting": &ev.Meeting} {
		if e, ok := keys[name]; ok {
			*into = e.value.Value
		}
	}
	if e, ok := keys["times"]; ok {
		ev.Times = l.count(e.value)
	}
	if e, ok := keys["every"]; ok {
		ev.Every = l.span(e.value)
	}
	return ev
}

func (l *suiteLoader) eventSource(ev *CaseEvent, keys map[string]entry) {
	if e, ok := keys["event"]; ok {
		ev.Type = e.value.Value
		if !slices.Contains(event.Types(), ev.Type) {
			if best, near := nearest(ev.Type, event.Types()); near {
				l.warn(e.value, "no documented event type is "+quote(ev.Type), "did you mean "+quote(best)+"?")
			}
		}
	}
	if e, ok := keys["from"]; ok {
		base, known := l.bases[e.value.Value]
		if !known {
			l.fail(e.value, "there is no event "+quote(e.value.Value)+" under events", suggest(e.value.Value, sortedKeys(l.bases)))
			return
		}
		pos := ev.Pos
		*ev = *base
		ev.Pos, ev.Set = pos, slices.Clone(base.Set)
	}
	if e, ok := keys["file"]; ok {
		ev.File, ev.FilePos = e.value.Value, l.at(e.value)
	}
	if e, ok := keys["body"]; ok && l.isMapping(e) {
		raw, err := json.Marshal(l.plain(e.value))
		if err != nil {
			l.fail(e.value, err.Error(), "")
		}
		ev.Body = raw
	}
}
