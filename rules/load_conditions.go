package rules

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// namedCondition is an entry of conditions: while it is loaded.
type namedCondition struct {
	decoder *ruleDecoder
	key     *yaml.Node
	value   *yaml.Node
	pos     text.Position // of the value
	open    bool          // it is being compiled
	done    bool
}

// conditionLoader compiles conditions, those that another uses before it.
type conditionLoader struct {
	*loader
	byName map[string]*namedCondition
}

// loadConditions compiles the conditions that rules share.
func (l *loader) loadConditions() {
	c := &conditionLoader{loader: l, byName: map[string]*namedCondition{}}
	var order []string
	l.each("conditions", func(d *ruleDecoder, _, value *yaml.Node) {
		if value.Kind != yaml.MappingNode {
			d.Fail(value, "conditions must be a mapping of names and expressions, not "+text.Article(value), "")
			return
		}
		for _, e := range d.Entries(value) {
			if c.define(d, e) {
				order = append(order, e.Name)
			}
		}
	})
	for _, name := range order {
		c.compile(name, nil)
	}
}

// define takes note of a condition and reports whether its name is new.
func (c *conditionLoader) define(d *ruleDecoder, e text.Entry) bool {
	if first := c.byName[e.Name]; first != nil {
		at := text.Position{File: first.decoder.Doc.Name, Line: first.key.Line, Column: first.key.Column}
		d.Fail(e.Key, "condition "+text.Quote(e.Name)+" is defined twice; the first is at "+at.String(), "remove one of them")
		return false
	}
	if !language.IsIdentifier(e.Name) {
		d.Fail(e.Key, "condition name "+text.Quote(text.Clip(e.Name, 60))+" is not allowed", "use letters, digits and _, and begin with a letter, so that conditions."+"<name> can be written")
		return false
	}
	value := text.Resolve(e.Value)
	c.byName[e.Name] = &namedCondition{
		decoder: d, key: e.Key, value: value, pos: text.Position{File: d.Doc.Name, Line: value.Line, Column: value.Column},
	}
	return true
}

// compile compiles a condition after those that it uses. path are the
// conditions that led to it.
func (c *conditionLoader) compile(name string, path []string) {
	x := c.byName[name]
	if x == nil || x.done {
		return
	}
	path = append(path[:len(path):len(path)], name)
	d := *x.decoder
	d.Words = c.comp.MatchVocabulary()
	x.open = true
	var broken *language.Shared // one that it uses, whose error is reported there
	for _, used := range c.comp.ConditionsIn(x.value.Value, d.Words) {
		if other := c.byName[used]; other != nil && other.open {
			d.Fail(x.value, "condition "+text.Quote(used)+" uses itself: "+circle(path, used), "write one of them out")
			c.comp.Share(used, language.Shared{Pos: x.pos, Broken: true}, nil)
		} else {
			c.compile(used, path)
		}
		if s, known := c.comp.Conditions()[used]; known && s.Broken {
			broken = &s
		}
	}
	x.open, x.done = false, true
	if broken != nil {
		c.comp.Share(name, *broken, nil)
		return
	}
	// Its own use of an unknown name is reported here, not where it is used.
	d.Words = c.comp.MatchVocabulary()
	var compiled *values.Condition
	sound := c.out.Sound(func() { compiled = d.Condition(x.value) })
	if !sound || compiled == nil {
		c.comp.Share(name, language.Shared{Pos: x.pos, Broken: true}, nil)
		return
	}
	c.comp.Share(name, language.Shared{Source: compiled.Source, Pos: compiled.Position()}, compiled.Program())
}

// circle writes the way from a condition to itself.
func circle(path []string, to string) string {
	for i, name := range path {
		if name == to {
			return strings.Join(append(path[i:len(path):len(path)], to), " → ")
		}
	}
	return to
}

// loadIgnore compiles the condition of the events that start no run.
func (l *loader) loadIgnore() {
	var first *text.Position
	l.each("ignore", func(d *ruleDecoder, key, value *yaml.Node) {
		at := text.Position{File: d.Doc.Name, Line: key.Line, Column: key.Column}
		if first != nil {
			d.Fail(key, "ignore is given twice; the first is at "+first.String(), "join them with or")
			return
		}
		first = &at
		d.Words = l.comp.MatchVocabulary()
		if l.ignore = d.Condition(value); l.ignore.UsesMemory() {
			d.Fail(value, "memory cannot be used in ignore", "use it in the conditions of rules")
		}
	})
}
