package rules

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/internal/spelling"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// RuleKeys are the keys of a rule.
func RuleKeys() []string {
	return []string{"name", "description", "event", "schedule", "collect", "when", "threshold", "throttle", "digest", "absence", "late", "each_event", "mode", "enabled", "actions"}
}

// ruleParams are the plain keys of a rule.
type ruleParams struct {
	Name        string   `yaml:"name" required:"true" doc:"Name of the rule, unique among all files: lower-case letters, digits, - _ and ." example:"alert-on-cancellation"`
	Description string   `yaml:"description" doc:"What the rule is for, in your words."`
	Event       []string `yaml:"event" doc:"Type of event, a pattern with *, or a list of both. Only a rule with absence can do without." example:"scheduling.smartscheduler.canceled"`
	Late        string   `yaml:"late" enum:"skip,run" doc:"What to do with an event older than one already seen for its meeting: skip it, which is the default, or run. With threshold or digest, or with absence and no event, run is the default."`
	EachEvent   bool     `yaml:"each_event" default:"false" doc:"true starts a run for every event of a meeting. Without it, a newer event replaces the waiting run, if the rule has a wait that follows its meeting."`
	Mode        string   `yaml:"mode" enum:"live,shadow" doc:"A shadow rule is evaluated and recorded, but sends nothing."`
	Enabled     *bool    `yaml:"enabled" default:"true" doc:"false turns the rule off. It is still checked."`
}

func (l *loader) loadRules() {
	l.each("rules", func(d *ruleDecoder, _, value *yaml.Node) {
		if value.Kind != yaml.SequenceNode {
			d.Fail(value, "rules must be a list, not "+text.Article(value), "start each rule with a dash")
			l.seen++
			return
		}
		for _, n := range value.Content {
			l.seen++
			l.loadRule(d, text.Resolve(n))
		}
	})
}

func (l *loader) loadRule(base *ruleDecoder, n *yaml.Node) {
	d := *base
	if l.strayAction(&d, n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.Fail(n, "a rule must be a mapping, not "+text.Article(n), "give it name:, event: and actions:")
		return
	}
	d.Words = l.comp.MatchVocabulary()
	keys := map[string]text.Entry{}
	for _, e := range d.QuietEntries(n) {
		keys[e.Name] = e
	}
	if e, ok := keys["name"]; ok && e.Value.Kind == yaml.ScalarNode {
		d.Rule = e.Value.Value
	}
	r := &Rule{Name: d.Rule, Pos: text.Position{File: d.Doc.Name, Line: n.Line, Column: n.Column}, Late: LateSkip}
	if e, ok := keys["event"]; ok {
		r.Events = listedTypes(e.Value)
	}
	d.Words.LimitTo(r.Events)
	d.scheduled(r, keys)
	looked := &values.Uses{}
	d.Uses = looked
	defer func() { r.uses = *looked }()
	d.windows(r, keys)
	d.collected(r, keys)
	l.ruleHead(&d, n, r, keys)
	if e, ok := keys["when"]; ok {
		r.When = d.Condition(e.Value)
	}
	if r.Absence != nil && keys["event"].Key == nil {
		d.Words.LimitTo(r.Events)
	}
	if e, ok := keys["actions"]; ok {
		l.loadActions(&d, r, e)
		d.eachEvent(r, keys)
	} else {
		d.missingKey(n, "actions", keys)
	}
	l.listKeys(&d, r)
	l.rules = append(l.rules, r)
}

// eachEvent warns where the key changes nothing.
func (d *ruleDecoder) eachEvent(r *Rule, keys map[string]text.Entry) {
	e, given := keys["each_event"]
	switch {
	case !given || !r.EachEvent || slices.ContainsFunc(r.Actions, func(s *Step) bool { return s.Action == nil }):
	case !r.followingWait():
		d.Warn(e.Value, "each_event has no effect: the rule has no wait that follows its meeting, so it starts a run for every event", "leave it out")
	case r.HasWindows():
		d.Warn(e.Value, "each_event has no effect: a rule with threshold, throttle, digest or absence starts a run for every event", "leave it out")
	}
}

// strayAction reports an action in the list of rules.
func (l *loader) strayAction(d *ruleDecoder, n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return false
	}
	acts := false
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if kind := slices.Contains(l.kindNames(), key); kind {
			acts = true
		} else if !slices.Contains(stepKeys(), key) {
			return false
		}
	}
	if !acts {
		return false
	}
	d.Fail(n, "this is an action in the list of rules", "indent it further than the actions: above it")
	return true
}

// missingKey reports a missing key, unless a misspelling of it is already
// reported.
func (d *ruleDecoder) missingKey(n *yaml.Node, name string, keys map[string]text.Entry) {
	for key := range keys {
		if slices.Contains(RuleKeys(), key) {
			continue
		}
		if meant, ok := language.MeantKey(key, RuleKeys()); ok && meant == name {
			return
		}
	}
	hint := "add " + name + ": to the rule"
	if name == "event" {
		hint = "add event: to the rule, or schedule: if it runs at times of its own"
	}
	d.Fail(n, text.Quote(name)+" is missing", hint)
}

// ruleHead reads the keys that are not expressions.
func (l *loader) ruleHead(d *ruleDecoder, n *yaml.Node, r *Rule, keys map[string]text.Entry) {
	var p ruleParams
	d.MappingOf(n, &p, append(windowKeys(), "schedule", "collect", "when", "actions")...)
	r.Description = p.Description
	if _, given := keys["event"]; r.Schedule == nil && (given || r.Absence == nil) {
		r.Events = p.Event
	}
	r.Disabled = p.Enabled != nil && !*p.Enabled
	r.Shadow, r.EachEvent = p.Mode == "shadow", p.EachEvent
	if p.Late != "" {
		r.Late = p.Late
	}
	if e, ok := keys["name"]; ok && p.Name != "" {
		l.ruleName(d, e, p.Name)
	}
	if e, ok := keys["event"]; ok && r.Schedule == nil {
		eventTypes(d, e, p.Event)
	} else if !ok && r.Absence == nil && r.Schedule == nil {
		d.missingKey(n, "event", keys)
	}
}

func (l *loader) ruleName(d *ruleDecoder, e text.Entry, name string) {
	if !isName(name) {
		d.Fail(e.Value, "rule name "+text.Quote(text.Clip(name, 60))+" is not allowed", "use lower-case letters, digits, - _ and .")
		return
	}
	if first, again := l.names[name]; again {
		d.Fail(e.Value, "another rule has this name, at "+first.String(), "give each rule a unique name")
		return
	}
	l.names[name] = text.Position{File: d.Doc.Name, Line: e.Value.Line, Column: e.Value.Column}
}

// listedTypes returns the types of event as written.
func listedTypes(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, item := range n.Content {
		out = append(out, text.Resolve(item).Value)
	}
	return out
}

// eventTypes warns of types that look misspelt. Undocumented types are
// accepted, because the vendor adds new ones.
func eventTypes(d *ruleDecoder, e text.Entry, types []string) {
	if e.Value.Kind == yaml.SequenceNode && len(types) == 0 {
		d.Fail(e.Value, "event is an empty list", "name at least one type, or \"*\" for all")
	}
	for i, t := range types {
		at := e.Value
		if at.Kind == yaml.SequenceNode {
			at = text.Resolve(at.Content[i])
		}
		switch {
		case t == "" || strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r == 0x7f }):
			if t != "" || at != e.Value {
				d.Fail(at, "event type "+text.Quote(text.Clip(t, 60))+" is empty or contains white space", "")
			}
		case own.ForRule(t):
			d.Fail(at, "event type "+text.Quote(t)+" is for one rule alone", "remove it")
		case own.Is(t):
			d.ownType(at, t)
		case knownType(t):
		case len(typesEndingIn(t)) > 0:
			d.Warn(at, "no documented event type matches "+text.Quote(t), "did you mean "+text.Quote(typesEndingIn(t)[0])+"?")
		default:
			if best, ok := spelling.Nearest(t, typeCandidates()); ok {
				d.Warn(at, "no documented event type matches "+text.Quote(t), "did you mean "+text.Quote(best)+"?")
			}
		}
	}
}

// ownType checks a type or pattern of Gavel's own events. All are known, unlike
// those of the vendor.
func (d *ruleDecoder) ownType(at *yaml.Node, t string) {
	if slices.ContainsFunc(own.Types(), func(known string) bool { return matchPattern(t, known) }) {
		return
	}
	d.Fail(at, "Gavel has no own events of type "+text.Quote(t), text.Suggest(t, own.Types()))
}

// typesEndingIn lists the documented types with this last part.
func typesEndingIn(last string) []string {
	if last == "cancelled" {
		last = "canceled"
	}
	return slices.DeleteFunc(slices.Concat(event.Types(), own.Types()), func(t string) bool { return !strings.HasSuffix(t, "."+last) })
}

func knownType(pattern string) bool {
	return slices.ContainsFunc(event.Types(), func(t string) bool { return matchPattern(pattern, t) })
}

// typeCandidates are the documented types and the patterns for groups of them.
func typeCandidates() []string {
	out := slices.Concat(event.Types(), own.Types())
	for _, t := range out {
		for i, c := range t {
			if c == '.' {
				out = append(out, t[:i+1]+"*")
			}
		}
	}
	return out
}
