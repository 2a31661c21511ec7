package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/chains"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// chainParams are the plain keys of a chain.
type chainParams struct {
	Description string            `yaml:"description" doc:"What the chain is for, in your words."`
	Inputs      map[string]string `yaml:"inputs" doc:"Types of its inputs by name: text, number, bool, time, list, object or any. After optional, the input can be left out." example:"{ email: text, company: optional text }"`
}

// ChainKeys are the keys of a chain.
func ChainKeys() []string { return []string{"description", "inputs", "steps", "outputs"} }

// chain is an entry of chains: while it is loaded.
type chain struct {
	*Chain
	d              *ruleDecoder
	key            *yaml.Node
	steps, outputs text.Entry
	uses           []*yaml.Node // names of chains in its steps
	open, broken   bool
	told           map[string]bool // what is found in it, whoever uses it
}

func (c *chain) position() string {
	return text.Position{File: c.d.Doc.Name, Line: c.key.Line, Column: c.key.Column}.String()
}

// chainLoader has the chains of all files.
type chainLoader struct {
	byName map[string]*chain
	order  []*chain
	used   map[string]bool // by name; nil until it is asked for
}

// readChains reads the names and inputs of chains, and finds those that use
// themselves.
func (l *loader) readChains() {
	l.chains.byName = map[string]*chain{}
	l.each("chains", func(d *ruleDecoder, _, value *yaml.Node) {
		if value.Kind != yaml.MappingNode {
			d.Fail(value, "chains must be a mapping of names and chains, not "+text.Article(value), "write chains: { upsert-contact: { inputs: …, steps: … } }")
			l.incomplete = true
			return
		}
		for _, e := range d.Entries(value) {
			if c := l.readChain(d, e); c != nil {
				l.chains.byName[e.Name] = c
				l.chains.order = append(l.chains.order, c)
				l.declare(d, e.Key, "chain", func() bool { return l.usesChain(e.Name) })
			}
		}
	})
	done := map[*chain]bool{}
	for _, c := range l.chains.order {
		l.chains.circles(c, nil, done)
	}
}

func (l *loader) readChain(base *ruleDecoder, e text.Entry) *chain {
	d := *base
	if first := l.chains.byName[e.Name]; first != nil {
		d.Fail(e.Key, "chain "+text.Quote(e.Name)+" is defined twice; the first is at "+first.position(), "remove one of them")
		return nil
	}
	c := &chain{Chain: &Chain{Name: e.Name, Outputs: language.Memory{}}, d: &d, key: e.Key}
	c.Pos = text.Position{File: d.Doc.Name, Line: e.Key.Line, Column: e.Key.Column}
	c.broken = !l.out.Sound(func() {
		if !isName(e.Name) {
			d.Fail(e.Key, "chain name "+text.Quote(text.Clip(e.Name, 60))+" is not allowed", "use lower-case letters, digits, - _ and .")
		}
		value := text.Resolve(e.Value)
		if value.Kind != yaml.MappingNode {
			d.Fail(value, "a chain must be a mapping, not "+text.Article(value), "give it inputs: and steps:")
			return
		}
		var p chainParams
		d.MappingOf(value, &p, "steps", "outputs")
		for _, part := range d.QuietEntries(value) {
			switch part.Name {
			case "inputs":
				c.readInputs(part)
			case "steps":
				c.steps = part
			case "outputs":
				c.outputs = part
			}
		}
		c.checkShape(e)
	})
	if c.steps.Value != nil {
		c.uses = chainsIn(c.steps.Value, map[*yaml.Node]bool{})
	}
	return c
}

// checkShape reports a chain without steps, and names of outputs.
func (c *chain) checkShape(e text.Entry) {
	switch steps := c.steps.Value; {
	case steps == nil:
		c.d.Fail(e.Key, text.Quote("steps")+" is missing", "add steps: to the chain")
	case steps.Kind != yaml.SequenceNode:
		c.d.Fail(steps, "steps must be a list of actions, not "+text.Article(steps), "start each action with a dash")
	case len(steps.Content) == 0:
		c.d.Fail(steps, "steps needs at least one action", "")
	}
	switch outputs := c.outputs.Value; {
	case outputs == nil:
	case outputs.Kind != yaml.MappingNode:
		c.d.Fail(outputs, "outputs must be a mapping of names and values, not "+text.Article(outputs), "write outputs: { id: \"${{ actions.find.body.id }}\" }")
	default:
		c.checkNames("output", "actions.ID.NAME", c.d.Entries(outputs))
	}
}

func (c *chain) checkNames(what, written string, names []text.Entry) {
	for i, e := range names {
		switch {
		case i == chains.MaxNames:
			c.d.Fail(e.Key, fmt.Sprintf("a chain has at most %d %ss", chains.MaxNames, what), "give an object instead of many values")
		case !language.IsIdentifier(e.Name) || len(e.Name) > 60:
			c.d.Fail(e.Key, what+" name "+text.Quote(text.Clip(e.Name, 60))+" is not allowed", "use up to 60 letters, digits and _, and begin with a letter, so that "+written+" can be written")
		}
	}
}

func (c *chain) readInputs(part text.Entry) {
	names := c.d.QuietEntries(part.Value)
	c.checkNames("input", "inputs.NAME", names)
	for _, e := range names {
		if e.Value.Kind != yaml.ScalarNode {
			continue // reported by its decoder
		}
		kind, optional, known := chains.TypeOf(e.Value.Value)
		if !known {
			c.d.Fail(e.Value, text.Quote(text.Clip(e.Value.Value, 40))+" is not a type of input", "write one of "+strings.Join(chains.Types(), ", ")+", after optional for one that can be left out")
			kind = language.KindAny
		}
		c.Inputs = append(c.Inputs, chains.Input{Name: e.Name, Kind: kind, Optional: optional})
	}
}

// chainsIn lists the names of the chains that actions use.
func chainsIn(n *yaml.Node, seen map[*yaml.Node]bool) (out []*yaml.Node) {
	n = text.Resolve(n)
	if n.Kind != yaml.SequenceNode || seen[n] {
		return nil
	}
	seen[n] = true
	for _, action := range n.Content {
		action = text.Resolve(action)
		for i := 0; i+1 < len(action.Content) && action.Kind == yaml.MappingNode; i += 2 {
			switch key, value := action.Content[i].Value, text.Resolve(action.Content[i+1]); key {
			case string(FlowCall):
				out = append(out, value)
			case "steps", "else":
				out = append(out, chainsIn(value, seen)...)
			}
		}
	}
	return out
}

// circles reports chains that use themselves. path are the chains that led to c.
func (a *chainLoader) circles(c *chain, path []string, done map[*chain]bool) {
	if done[c] {
		return
	}
	path = append(path[:len(path):len(path)], c.Name)
	c.open = true
	for _, n := range c.uses {
		other := a.byName[n.Value]
		switch {
		case other == nil:
		case other.open:
			c.d.Fail(n, "chain "+text.Quote(other.Name)+" uses itself: "+circle(path, other.Name), "remove one of these uses")
			for _, name := range path[slices.Index(path, other.Name):] {
				a.byName[name].broken = true
			}
		default:
			a.circles(other, path, done)
		}
	}
	c.open, done[c] = false, true
}

// checkChains checks chains by themselves, those that another uses before it.
func (l *loader) checkChains() {
	for _, c := range l.chains.order {
		l.checkChain(c)
	}
}

func (l *loader) checkChain(c *chain) {
	if c.broken || c.Checked {
		return
	}
	for _, n := range c.uses {
		if other := l.chains.byName[n.Value]; other != nil {
			l.checkChain(other)
		}
	}
	d := *c.d
	d.Words, d.Uses = l.comp.MatchVocabulary(), &values.Uses{}
	before := len(l.out.Findings)
	c.broken = !l.out.Sound(func() {
		y := l.alone(&d, c)
		l.finishActions(&d, &Rule{}, y)
		y.unite()
	})
	c.Checked, c.told = !c.broken, map[string]bool{}
	for _, f := range l.out.Findings[before:] {
		c.told[placed(f)] = true
	}
}

// alone lays out a chain as if one rule used it, and nothing else.
func (l *loader) alone(d *ruleDecoder, c *chain) *layout {
	y := &layout{l: l}
	x := &draft{d: d, node: c.key, keys: map[string]text.Entry{}, at: text.Entry{Key: c.key, Value: c.key}, step: &Step{
		ID: c.Name, Kind: string(FlowCall), Local: true, Pos: c.Pos, Shape: Shape{Flow: &Flow{Kind: FlowCall, Chain: c.Chain}},
	}}
	y.add(x, nil)
	y.enter(d, x, c)
	return y
}

// call lays out the steps of the chain that an action uses.
func (y *layout) call(d *ruleDecoder, x *draft) {
	c := y.l.chainAt(d, x.at)
	if c == nil {
		return
	}
	x.step.Flow.Chain = c.Chain
	x.step.NewResult = func() any { return c.Nothing() }
	if x.step.Depth() >= maxDepth {
		d.Fail(x.at.Key, fmt.Sprintf("chains and groups are nested more than %d deep", maxDepth), "use fewer of them inside each other")
		return
	}
	inner := *d
	x.chain, x.found = c, &text.Collector{}
	inner.Doc, inner.Out = c.d.Doc, x.found
	y.enter(&inner, x, c)
}

// chainAt finds the chain that an action uses; nil if there is a finding.
func (l *loader) chainAt(d *ruleDecoder, at text.Entry) *chain {
	n := text.Resolve(at.Value)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		d.Fail(n, "chain must be the name of a chain, not "+text.Article(n), "")
		return nil
	}
	c := l.chains.byName[n.Value]
	switch {
	case c == nil && l.incomplete:
		d.Out.Suppress()
		return nil
	case c == nil:
		hint := text.Suggest(n.Value, slices.Collect(maps.Keys(l.chains.byName)))
		if len(l.chains.byName) == 0 {
			hint = "add it at the top level: chains: { " + n.Value + ": … }"
		}
		d.Fail(n, "no chain has the name "+text.Quote(text.Clip(n.Value, 60)), hint)
		return nil
	case c.broken:
		d.Fail(n, "chain "+text.Quote(c.Name)+" has an error, at "+c.Pos.String(), "correct it there")
		return nil
	}
	return c
}
