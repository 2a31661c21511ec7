package rules

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/tables"
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
				l.declare(d, e.Key, "condition", func() bool { return l.comp.Used[eval.WordConditions+"."+e.Name] })
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

// tableParams are the keys of a table.
type tableParams struct {
	File    string            `yaml:"file" required:"true" doc:"Name of a *.csv file beside the rules or below, with a line of column names." example:"owners.csv"`
	Key     string            `yaml:"key" doc:"Column by which rows are looked up; the first, by default." example:"username"`
	Columns map[string]string `yaml:"columns" doc:"Types of columns by name: text, which is the default, number, bool or time." example:"{ limit: number }"`
}

// loadTables reads the tables that rules use.
func (l *loader) loadTables() {
	l.tables, l.keyed = map[string]*tables.Table{}, map[string]bool{}
	first := map[string]text.Position{}
	l.each("tables", func(d *ruleDecoder, _, value *yaml.Node) {
		if value.Kind != yaml.MappingNode {
			d.Fail(value, "tables must be a mapping of names and files, not "+text.Article(value), "write tables: { owners: owners.csv }")
			return
		}
		for _, e := range d.Entries(value) {
			if at, again := first[e.Name]; again {
				d.Fail(e.Key, "table "+text.Quote(e.Name)+" is defined twice; the first is at "+at.String(), "remove one of them")
				continue
			}
			first[e.Name] = text.Position{File: d.Doc.Name, Line: e.Key.Line, Column: e.Key.Column}
			if !language.IsIdentifier(e.Name) {
				d.Fail(e.Key, "table name "+text.Quote(text.Clip(e.Name, 60))+" is not allowed", "use letters, digits and _, and begin with a letter, so that tables."+"<name> can be written")
				continue
			}
			l.declare(d, e.Key, "table", func() bool { return l.comp.Used[eval.WordTables+"."+e.Name] })
			l.loadTable(d, e)
		}
	})
	all := map[string]language.Table{}
	for name, t := range l.tables {
		all[name] = t
	}
	l.comp.SetTables(all)
}

func (l *loader) loadTable(d *ruleDecoder, e text.Entry) {
	value := text.Resolve(e.Value)
	at := value // of the name of the file
	var p tableParams
	switch {
	case value.Kind == yaml.MappingNode:
		if !l.out.Sound(func() { d.MappingOf(value, &p) }) || !d.columnTypes(value, p.Columns) {
			l.comp.Misread(e.Name)
			return
		}
		at = d.valueOf(text.Entry{Value: value}, "file")
	case value.Kind == yaml.ScalarNode && value.Tag == "!!str" && value.Value != "":
		p.File = value.Value
	default:
		d.Fail(value, "a table must be the name of a file, not "+text.Article(value), "write owners.csv, or { file: owners.csv, key: … }")
		l.comp.Misread(e.Name)
		return
	}
	t := l.readTable(d, at, tables.Spec{Name: e.Name, Key: p.Key, Columns: p.Columns})
	if t == nil {
		l.comp.Misread(e.Name)
		return
	}
	l.tables[e.Name], l.keyed[e.Name] = t, p.Key != ""
}

// readTable reads the file that a node names.
func (l *loader) readTable(d *ruleDecoder, at *yaml.Node, spec tables.Spec) *tables.Table {
	path, problem := tables.Path(d.Doc.Name, at.Value)
	if problem != "" {
		d.Fail(at, "table file "+text.Quote(text.Clip(at.Value, 60))+" "+problem, "name a *.csv file beside the rules, or in a folder below")
		return nil
	}
	i := slices.IndexFunc(l.files, func(s text.Source) bool { return s.Name == path })
	if i < 0 {
		reason := l.opts.Unread[path]
		if reason == "" {
			reason = "not found"
		}
		d.Fail(at, "table file "+text.Quote(text.Clip(at.Value, 60))+": "+reason, "check the path; it begins at the folder of this file")
		return nil
	}
	return tables.Read(l.files[i], spec, l.out)
}

// columnTypes checks the types of columns and reports whether all are known.
func (d *ruleDecoder) columnTypes(table *yaml.Node, columns map[string]string) bool {
	at := d.valueOf(text.Entry{Value: table}, "columns")
	sound := true
	for name, kind := range columns {
		if !slices.Contains(tables.Kinds(), kind) {
			d.Fail(d.valueOf(text.Entry{Value: at}, name), text.Quote(text.Clip(kind, 40))+" is not a type of column", "write one of "+strings.Join(tables.Kinds(), ", "))
			sound = false
		}
	}
	return sound
}

// checkKeys checks the keys of tables that are looked up by key.
func (l *loader) checkKeys() {
	for name, t := range l.tables {
		if l.keyed[name] || l.comp.Keyed[name] {
			t.CheckKeys(l.out)
		}
	}
}

// declaration is something with a name that rules can use.
type declaration struct {
	d          *ruleDecoder
	key        *yaml.Node
	what, name string // such as condition
	used       func() bool
}

func (l *loader) declare(d *ruleDecoder, key *yaml.Node, what string, used func() bool) {
	own := *d
	l.declared = append(l.declared, declaration{&own, key, what, key.Value, used})
}

// warnUnused warns of what no rule uses, if everything could be read.
func (l *loader) warnUnused() {
	if l.incomplete || l.out.Findings.HasErrors() || len(l.rules) == 0 {
		return
	}
	for _, x := range l.declared {
		if !x.used() {
			x.d.Warn(x.key, x.what+" "+text.Quote(x.name)+" is not used", "use it, or remove it")
		}
	}
}

// usesChain reports whether a rule or a chain uses a chain.
func (l *loader) usesChain(name string) bool {
	if l.chains.used == nil {
		l.chains.used = map[string]bool{}
		note := func(uses []*yaml.Node) {
			for _, n := range uses {
				l.chains.used[n.Value] = true
			}
		}
		for _, c := range l.chains.order {
			note(c.uses)
		}
		l.each("rules", func(d *ruleDecoder, _, value *yaml.Node) {
			for _, rule := range value.Content {
				if actions := d.valueOf(text.Entry{Value: text.Resolve(rule)}, "actions"); actions != nil {
					note(chainsIn(actions, map[*yaml.Node]bool{}))
				}
			}
		})
	}
	return l.chains.used[name]
}
