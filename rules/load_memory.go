package rules

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

// placeParams are the keys of a place of memory.
type placeParams struct {
	Key         values.Expr    `yaml:"key" required:"true" doc:"What the values belong to: text, a number, or true or false. Each value of it has a memory of its own." example:"meeting.meetingOwner.userId"`
	Keep        units.Duration `yaml:"keep" required:"true" doc:"How long a value is kept after it was last changed." example:"90d"`
	Description string         `yaml:"description" doc:"What the place is for, in your words."`
}

// maxPlaces is how many places of memory there can be: an event reads all.
const maxPlaces = 20

// note is one value that an action remembers.
type note struct {
	d     *ruleDecoder // of its file and rule
	at    text.Entry
	place string // or empty for the meeting
	add   bool   // it is added to
	step  func() *language.Vocabulary
}

// loadMemory reads the places of memory, and collects the names and types of
// what all rules remember, so that every expression can be checked.
func (l *loader) loadMemory() {
	l.memory = &Memory{Types: language.Memory{}, Places: map[string]params.MemoryPlace{}}
	l.each("memory", l.loadPlaces)
	for name := range l.memory.Places {
		l.memory.Types[name] = language.Memory{}
	}
	var notes []*note
	found := false
	l.each("rules", func(d *ruleDecoder, _, value *yaml.Node) {
		if value.Kind == yaml.SequenceNode {
			for _, n := range value.Content {
				some, any := l.notesOf(d, text.Resolve(n))
				notes, found = append(notes, some...), found || any
			}
		}
	})
	for _, c := range l.chains.order {
		some, any := l.chainNotes(c)
		notes, found = append(notes, some...), found || any
	}
	if l.incomplete {
		l.comp.SuppressMemoryErrors()
		return
	}
	if !found && len(l.memory.Places) == 0 {
		l.memory = nil
		return
	}
	l.typeNotes(notes)
	l.comp.SetMemory(l.memory.Types)
	l.memory.none = absentMemory(l.memory.Types)
}

func (l *loader) loadPlaces(d *ruleDecoder, _, value *yaml.Node) {
	d.Words = l.comp.MatchVocabulary()
	if value.Kind != yaml.MappingNode {
		d.Fail(value, "memory must be a mapping of names and settings, not "+text.Article(value), "write owner: { key: meeting.meetingOwner.userId, keep: 90d }")
		return
	}
	for _, e := range d.Entries(value) {
		if _, again := l.memory.Places[e.Name]; again {
			d.Fail(e.Key, "memory "+text.Quote(e.Name)+" is defined twice", "remove one of them")
			continue
		}
		var p placeParams
		sound := l.out.Sound(func() {
			d.memoryName(e)
			d.windowParams(e, &p)
			d.span(e, "keep", p.Keep)
			d.key("key", p.Key)
		})
		if len(l.memory.Places) == maxPlaces {
			d.Fail(e.Key, fmt.Sprintf("there are more than %d places of memory", maxPlaces), "remember more than one name in one place")
			return
		}
		place := params.MemoryPlace{Name: e.Name, Doc: p.Description}
		if sound {
			place.Key, place.Keep = p.Key, time.Duration(p.Keep)
		}
		l.memory.Places[e.Name] = place
		l.declare(d, e.Key, "memory", func() bool { return l.memory != nil && len(l.namesAt(e.Name)) > 0 })
	}
}

// memoryName checks a name that expressions read as memory.NAME.
func (d *ruleDecoder) memoryName(e text.Entry) bool {
	if language.IsIdentifier(e.Name) && len(e.Name) <= 60 {
		return true
	}
	d.Fail(e.Key, "name "+text.Quote(text.Clip(e.Name, 60))+" is not allowed", "use up to 60 letters, digits and _, and begin with a letter, so that memory.NAME can be written")
	return false
}

// notesOf lists what the actions of a rule remember. found says that it has
// such an action.
func (l *loader) notesOf(base *ruleDecoder, rule *yaml.Node) (out []*note, found bool) {
	if rule.Kind != yaml.MappingNode {
		return nil, false
	}
	d, keys := *base, map[string]text.Entry{}
	for _, e := range d.QuietEntries(rule) {
		keys[e.Name] = e
	}
	if e := keys["name"]; e.Value != nil {
		d.Rule = e.Value.Value
	}
	actions := keys["actions"].Value
	if actions == nil || actions.Kind != yaml.SequenceNode || !l.keepsAny(actions) {
		return nil, false
	}
	quiet := d
	quiet.Out = &text.Collector{}
	earlier := map[string]language.Result{}
	y := layout{l: l}
	y.list(&quiet, actions, nil)
	for _, x := range y.drafts {
		if x.step.Call > 0 {
			continue // it is one of its chain
		}
		if x.kind != nil && x.kind.Keeps {
			found = true
			results := maps.Clone(earlier)
			out = append(out, l.notesIn(&d, x, keys, func() *language.Vocabulary {
				w := l.comp.ActionVocabulary(results, nil)
				w.AddWindows(keys["threshold"].Value != nil || keys["digest"].Value != nil, keys["throttle"].Value != nil)
				return w
			})...)
		}
		earlier[x.step.Name] = x.result()
	}
	return out, found
}

// chainNotes lists what the steps of a chain remember.
func (l *loader) chainNotes(c *chain) (out []*note, found bool) {
	if c.broken || !l.keepsAny(c.steps.Value) {
		return nil, false
	}
	quiet, earlier := *c.d, map[string]language.Result{}
	quiet.Out = &text.Collector{}
	for _, x := range l.alone(&quiet, c).drafts[1:] {
		if x.step.Call != 1 {
			continue // it is one of another chain
		}
		if x.kind != nil && x.kind.Keeps {
			found = true
			results := maps.Clone(earlier)
			out = append(out, l.notesIn(c.d, x, nil, func() *language.Vocabulary {
				w := l.comp.ActionVocabulary(results, nil)
				w.AddWindows(false, false)
				w.AddInputs(c.Types())
				return w
			})...)
		}
		earlier[x.step.Name] = x.result()
	}
	return out, found
}

// keepsAny reports whether one of a list of actions may remember something.
func (l *loader) keepsAny(actions *yaml.Node) bool {
	for _, n := range actions.Content {
		n = text.Resolve(n)
		for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			name, inner := n.Content[i].Value, text.Resolve(n.Content[i+1])
			if slices.ContainsFunc(l.opts.Kinds.Actions, func(k params.Kind) bool { return k.Keeps && k.Name == name }) ||
				slices.Contains(flowKeys(), name) && inner.Kind == yaml.SequenceNode && l.keepsAny(inner) {
				return true
			}
		}
	}
	return false
}

// notesIn lists what one action remembers.
func (l *loader) notesIn(d *ruleDecoder, x *draft, keys map[string]text.Entry, step func() *language.Vocabulary) (out []*note) {
	words := l.comp.MatchVocabulary()
	if e := keys["event"]; e.Value != nil {
		words.LimitTo(listedTypes(e.Value))
	} else if keys["schedule"].Value != nil {
		words.LimitTo([]string{own.TypeScheduleDue})
	}
	if x.at.Value.Kind != yaml.MappingNode {
		return nil // reported with the action
	}
	if len(x.at.Value.Content) == 0 {
		d.Fail(x.at.Key, text.Quote(x.kind.Name)+" has no names", "write "+x.kind.Name+": { name: value }")
	}
	for _, e := range d.QuietEntries(x.at.Value) {
		one := note{d: d, at: e, add: x.kind.Adds, step: step}
		if _, place := l.memory.Places[e.Name]; !place {
			if reason := words.Empty[eval.WordMeeting]; reason != "" {
				d.Fail(e.Key, text.Quote(e.Name)+" cannot be remembered with the meeting: "+reason, "remember it in a place with a key of its own, see memory:")
			}
			out = append(out, &one)
			continue
		}
		if e.Value.Kind != yaml.MappingNode {
			d.Fail(e.Value, text.Quote(e.Name)+" is a place of memory, so it must be a mapping, not "+text.Article(e.Value), "write "+e.Name+": { name: … }, or use another name")
			continue
		}
		for _, inner := range d.QuietEntries(e.Value) {
			in := one
			in.at, in.place = inner, e.Name
			out = append(out, &in)
		}
	}
	return out
}

// typeNotes finds the types of what is remembered, and reports names that have
// two types.
func (l *loader) typeNotes(notes []*note) {
	sound := notes[:0]
	for _, n := range notes {
		if n.d.memoryName(n.at) {
			l.namesAt(n.place)[n.at.Name] = language.KindAny
			sound = append(sound, n)
		}
	}
	l.comp.SetMemory(l.memory.Types)
	defer func(was map[string]bool) { l.comp.Reported = was }(maps.Clone(l.comp.Reported))
	first, open := map[string]*note{}, map[string]bool{}
	for _, n := range sound {
		kind, id := l.kindOf(n), n.place+"."+n.at.Name
		known, _ := l.namesAt(n.place)[n.at.Name].(language.Kind)
		switch {
		case kind == language.KindNothing || open[id]:
		case kind == language.KindAny:
			open[id], l.namesAt(n.place)[n.at.Name] = true, language.KindAny
		case first[id] == nil:
			first[id], l.namesAt(n.place)[n.at.Name] = n, kind
		case kind != known:
			n.d.Fail(n.at.Key, text.Quote(n.at.Name)+" is remembered as "+string(kind)+" here and as "+string(known)+" at "+first[id].position(), "use one type, or another name")
		}
	}
	for place, names := range l.memory.Types {
		if m, ok := names.(language.Memory); ok && len(m) > event.MaxMemoryNames {
			l.tooManyNames(sound, place)
		}
	}
	if len(l.memory.Types)-len(l.memory.Places) > event.MaxMemoryNames {
		l.tooManyNames(sound, "")
	}
}

func (l *loader) tooManyNames(notes []*note, place string) {
	for i := len(notes) - 1; i >= 0; i-- {
		if n := notes[i]; n.place == place {
			n.d.Fail(n.at.Key, fmt.Sprintf("rules remember more than %d names with one key", event.MaxMemoryNames), "remember one object instead of many names")
			return
		}
	}
}

// namesAt returns the names of a place, or those of meetings.
func (l *loader) namesAt(place string) language.Memory {
	if place == "" {
		return l.memory.Types
	}
	names, _ := l.memory.Types[place].(language.Memory)
	return names
}

// kindOf returns the type of a value to remember. Mistakes in it are reported
// with its action.
func (l *loader) kindOf(n *note) language.Kind {
	if n.add {
		return language.KindNumber
	}
	quiet := *n.d
	quiet.Out, quiet.Words, quiet.Uses = &text.Collector{}, n.step(), nil
	var value values.Value
	if !quiet.Out.Sound(func() { value = quiet.Tree(n.at.Value) }) {
		return language.KindAny
	}
	return value.Kind()
}

func (n *note) position() string {
	return text.Position{File: n.d.Doc.Name, Line: n.at.Key.Line, Column: n.at.Key.Column}.String()
}
