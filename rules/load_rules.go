package rules

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
)

// ruleKeys are the keys of a rule.
func ruleKeys() []string {
	return []string{"name", "description", "event", "when", "threshold", "throttle", "digest", "late", "each_event", "mode", "enabled", "actions"}
}

// ruleParams are the plain keys of a rule.
type ruleParams struct {
	Name        string   `yaml:"name" required:"true" doc:"Name of the rule, unique among all files: lower-case letters, digits, - _ and ." example:"alert-on-cancellation"`
	Description string   `yaml:"description" doc:"What the rule is for, in your words."`
	Event       []string `yaml:"event" required:"true" doc:"Type of event, a pattern with *, or a list of both." example:"scheduling.smartscheduler.canceled"`
	Late        string   `yaml:"late" enum:"skip,run" doc:"What to do for an event that is older than one already seen of its meeting: skip it, which is the default, or run. With threshold or digest, run is the default."`
	EachEvent   bool     `yaml:"each_event" default:"false" doc:"true starts a run for every event of a meeting. Without it, a newer event takes the place of the run that waits, if the rule has a wait that follows its meeting."`
	Mode        string   `yaml:"mode" enum:"live,shadow" doc:"A rule in shadow is tried and recorded, and sends nothing."`
	Enabled     *bool    `yaml:"enabled" default:"true" doc:"false switches the rule off. It is checked all the same."`
}

func (l *loader) loadRules() {
	l.each("rules", func(d *ruleDecoder, _, value *yaml.Node) {
		if value.Kind != yaml.SequenceNode {
			d.fail(value, "rules must be a list, not "+article(value), "start each rule with a dash")
			l.seen++
			return
		}
		for _, n := range value.Content {
			l.seen++
			l.loadRule(d, resolve(n))
		}
	})
}

func (l *loader) loadRule(base *ruleDecoder, n *yaml.Node) {
	d := *base
	if l.strayAction(&d, n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, "a rule must be a mapping, not "+article(n), "give it name:, event: and actions:")
		return
	}
	d.words = l.comp.matchVocabulary()
	keys := map[string]entry{}
	for _, e := range d.quietEntries(n) {
		keys[e.name] = e
	}
	if e, ok := keys["name"]; ok && e.value.Kind == yaml.ScalarNode {
		d.rule = e.value.Value
	}
	r := &Rule{Name: d.rule, Pos: Position{File: d.doc.name, Line: n.Line, Column: n.Column}, Late: LateSkip}
	if e, ok := keys["event"]; ok {
		r.Events = listedTypes(e.value)
	}
	d.words.limitTo(r.Events)
	looked := &uses{}
	d.uses = looked
	defer func() { r.usesData, r.gathers, r.recalls = looked.data, looked.gathers, looked.recalls }()
	d.windows(r, keys)
	l.ruleHead(&d, n, r, keys)
	if e, ok := keys["when"]; ok {
		r.When = d.condition(e.value)
	}
	if e, ok := keys["actions"]; ok {
		l.loadActions(&d, r, e)
		d.eachEvent(r, keys)
	} else {
		d.missingKey(n, "actions", keys)
	}
	l.rules = append(l.rules, r)
}

// eachEvent warns where the key changes nothing.
func (d *ruleDecoder) eachEvent(r *Rule, keys map[string]entry) {
	e, given := keys["each_event"]
	switch {
	case !given || !r.EachEvent || slices.ContainsFunc(r.Actions, func(s *Step) bool { return s.Action == nil }):
	case !r.followingWait():
		d.warn(e.value, "each_event has no effect: the rule has no wait that follows its meeting, so it starts a run for every event", "leave it out")
	case r.HasWindows():
		d.warn(e.value, "each_event has no effect: a rule with threshold, throttle or digest starts a run for every event", "leave it out")
	}
}

// strayAction reports an action that is indented like a rule.
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
	d.fail(n, "an action stands here in the list of rules", "indent it further than the actions: it belongs to")
	return true
}

// missingKey reports a key that is not there, unless a misspelling of it is
// reported already.
func (d *ruleDecoder) missingKey(n *yaml.Node, name string, keys map[string]entry) {
	for key := range keys {
		if slices.Contains(ruleKeys(), key) {
			continue
		}
		if meant, ok := meantKey(key, ruleKeys()); ok && meant == name {
			return
		}
	}
	d.fail(n, quote(name)+" is missing", "add "+name+": to the rule")
}

// ruleHead reads the keys that are no expressions.
func (l *loader) ruleHead(d *ruleDecoder, n *yaml.Node, r *Rule, keys map[string]entry) {
	var p ruleParams
	d.mappingOf(n, &p, append(windowKeys(), "when", "actions")...)
	r.Description, r.Events = p.Description, p.Event
	r.Disabled = p.Enabled != nil && !*p.Enabled
	r.Shadow, r.EachEvent = p.Mode == "shadow", p.EachEvent
	if p.Late != "" {
		r.Late = p.Late
	}
	if e, ok := keys["name"]; ok && p.Name != "" {
		l.ruleName(d, e, p.Name)
	}
	if e, ok := keys["event"]; ok {
		l.eventTypes(d, e, p.Event)
	}
}

func (l *loader) ruleName(d *ruleDecoder, e entry, name string) {
	if !isName(name) {
		d.fail(e.value, "rule name "+quote(clip(name, 60))+" is not allowed", "use lower-case letters, digits, - _ and .")
		return
	}
	if first, again := l.names[name]; again {
		d.fail(e.value, "there is another rule of this name at "+first.String(), "give each rule a name of its own")
		return
	}
	l.names[name] = Position{File: d.doc.name, Line: e.value.Line, Column: e.value.Column}
}

// listedTypes are the types of event as they are written.
func listedTypes(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, item := range n.Content {
		out = append(out, resolve(item).Value)
	}
	return out
}

// eventTypes warns of types that look like misspelt ones. Types that nobody
// has documented are let pass: the vendor adds new ones.
func (l *loader) eventTypes(d *ruleDecoder, e entry, types []string) {
	if e.value.Kind == yaml.SequenceNode && len(types) == 0 {
		d.fail(e.value, "event names no type", "name at least one, or \"*\" for all")
	}
	for i, t := range types {
		at := e.value
		if at.Kind == yaml.SequenceNode {
			at = resolve(at.Content[i])
		}
		switch {
		case t == "" || strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r == 0x7f }):
			if t != "" || at != e.value {
				d.fail(at, "event type "+quote(clip(t, 60))+" is empty or holds white space", "")
			}
		case knownType(t):
		case len(typesEndingIn(t)) > 0:
			d.warn(at, "no documented event type matches "+quote(t), "did you mean "+quote(typesEndingIn(t)[0])+"?")
		default:
			if best, ok := nearest(t, typeCandidates()); ok {
				d.warn(at, "no documented event type matches "+quote(t), "did you mean "+quote(best)+"?")
			}
		}
	}
}

// typesEndingIn lists the documented types whose last part this is.
func typesEndingIn(last string) []string {
	if last == "cancelled" {
		last = "canceled"
	}
	return slices.DeleteFunc(event.Types(), func(t string) bool { return !strings.HasSuffix(t, "."+last) })
}

func knownType(pattern string) bool {
	return slices.ContainsFunc(event.Types(), func(t string) bool { return matchPattern(pattern, t) })
}

// typeCandidates are the documented types, and the patterns that people write
// for several of them.
func typeCandidates() []string {
	out := event.Types()
	for _, t := range event.Types() {
		for i, c := range t {
			if c == '.' {
				out = append(out, t[:i+1]+"*")
			}
		}
	}
	return out
}
