package rules

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/tables"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
	"gopkg.in/yaml.v3"
)

// Options are the inputs of Load besides the files.
type Options struct {
	// Kinds of actions and connections that rules may use.
	Kinds params.Kinds
	// Env are the environment variables that rules may read, by name.
	Env map[string]string
	// Unread says by path why a table that rules name was not read.
	Unread map[string]string
}

// Load compiles the sources into a Set. It returns the findings of all files,
// sorted by position. If one of them is an error, the Set is nil.
func Load(sources []text.Source, o Options) (*Set, text.Findings) {
	l := &loader{
		opts: o, out: &text.Collector{}, comp: language.NewCompiler(o.Env),
		connections: map[string]*openConnection{}, names: map[string]text.Position{}, missing: map[string]bool{}, known: params.NewKnown(),
	}
	l.Parse(sources)
	l.loadVars()
	l.loadConnections()
	l.readChains()
	l.loadMemory()
	l.loadTables()
	l.loadConditions()
	l.loadIgnore()
	l.checkChains()
	l.loadRules()
	l.checkKeys()
	l.warnUnused()
	if l.seen == 0 && len(l.out.Findings) == 0 {
		l.out.Add(text.Finding{
			Severity: text.SeverityError, Pos: text.Position{File: firstName(sources)},
			Message: "there are no rules", Hint: "add rules: with at least one rule",
		})
	}
	findings := l.out.Findings.Sorted().Shown(l.comp.Told.Gate())
	if findings.HasErrors() {
		return nil, findings
	}
	return l.set(sources), findings
}

func firstName(sources []text.Source) string {
	if len(sources) == 0 {
		return "rules"
	}
	return sources[0].Name
}

// loader is one load in progress.
type loader struct {
	opts Options
	out  *text.Collector
	comp *language.Compiler
	docs []*text.Document
	// known caches parameter structs.
	known *params.Known
	// incomplete is set when a file could not be parsed: names that seem to be
	// missing may be defined in it.
	incomplete  bool
	vars        map[string]any
	connections map[string]*openConnection
	files       []text.Source // of tables
	tables      map[string]*tables.Table
	keyed       map[string]bool // tables that name their key
	declared    []declaration
	ignore      *values.Condition
	memory      *Memory
	chains      chainLoader
	rules       []*Rule
	seen        int                      // rules, valid or not
	names       map[string]text.Position // of rules
	missing     map[string]bool          // connections reported as missing
}

func (l *loader) Parse(sources []text.Source) {
	for _, s := range sources {
		if tables.IsTable(s.Name) {
			l.files = append(l.files, s)
			continue
		}
		if f := text.CheckSource(s); f != nil {
			l.out.Add(*f)
			l.incomplete = true
			continue
		}
		d := text.ParseDocument(s, l.out)
		if d == nil {
			l.incomplete = true
			continue
		}
		if d.Root != nil {
			l.docs = append(l.docs, d)
		}
	}
}

// ruleDecoder decodes the keys of a rules file.
type ruleDecoder struct{ params.Decoder }

// decoder returns a decoder of document d; words are the names that its
// expressions may use.
func (l *loader) decoder(d *text.Document, words *language.Vocabulary) *ruleDecoder {
	return &ruleDecoder{params.Decoder{Reader: values.Reader{Doc: d, Out: l.out, Comp: l.comp, Words: words}, Known: l.known}}
}

var TopKeys = []string{"connections", "vars", "memory", "tables", "conditions", "ignore", "chains", "rules"}

// each calls use with the value of a top-level key in every file.
func (l *loader) each(name string, use func(d *ruleDecoder, key, value *yaml.Node)) {
	for _, doc := range l.docs {
		d := l.decoder(doc, nil)
		if doc.Root.Kind != yaml.MappingNode {
			continue
		}
		for _, e := range d.QuietEntries(doc.Root) {
			if e.Name == name && e.Value.Tag != "!!null" {
				use(d, e.Key, e.Value)
			}
		}
	}
}

// checkTop reports unknown top-level keys of every file.
func (l *loader) checkTop() {
	for _, doc := range l.docs {
		d := l.decoder(doc, nil)
		if doc.Root.Kind != yaml.MappingNode {
			if doc.Root.Tag != "!!null" {
				d.Fail(doc.Root, "a rules file must be a mapping with the keys connections, vars and rules, not "+text.Article(doc.Root), "")
			}
			continue
		}
		for _, e := range d.Entries(doc.Root) {
			if !slices.Contains(TopKeys, e.Name) && !strings.HasPrefix(e.Name, "x-") {
				d.Fail(e.Key, "unknown key "+text.Quote(e.Name), language.KeyHint(e.Name, TopKeys))
			}
		}
	}
}

// loadVars evaluates the vars, which may use env.
func (l *loader) loadVars() {
	l.checkTop()
	l.vars = map[string]any{}
	first := map[string]text.Position{}
	valid := map[string]bool{}
	l.each("vars", func(d *ruleDecoder, _, value *yaml.Node) {
		d.Words, d.Now = l.comp.VarsVocabulary(), true
		if value.Kind != yaml.MappingNode {
			d.Fail(value, "vars must be a mapping of names and values, not "+text.Article(value), "")
			l.incomplete = true
			return
		}
		for _, e := range d.Entries(value) {
			if at, again := first[e.Name]; again {
				d.Fail(e.Key, "var "+text.Quote(e.Name)+" is defined twice; the first is at "+at.String(), "remove one of them")
				continue
			}
			first[e.Name] = text.Position{File: d.Doc.Name, Line: e.Key.Line, Column: e.Key.Column}
			// Common words in vars are not hidden, even if they come from env.
			d.Setting = true
			valid[e.Name] = l.out.Sound(func() { l.vars[e.Name] = d.Plain(e.Value) })
			d.Setting = false
		}
	})
	l.comp.SetVars(l.vars)
	l.comp.SuppressVarErrors(valid, l.incomplete)
}

// set assembles the Set.
func (l *loader) set(sources []text.Source) *Set {
	s := &Set{
		Revision: text.RevisionOf(sources), Sources: sources, Rules: l.rules, Memory: l.memory,
		Connections: map[string]*Connection{}, Vars: l.vars, byName: make(map[string]*Rule, len(l.rules)),
		env: l.comp.Environment(), Ignore: l.ignore, shared: l.comp.Conditions(), tables: l.comp.Tables(),
		gate: l.comp.Secrets.Gate(), matches: &sync.Pool{}, scopes: &sync.Pool{},
	}
	for name, c := range l.connections {
		s.Connections[name] = c.Connection
	}
	for _, r := range s.Rules {
		s.byName[r.Name] = r
	}
	s.sort()
	return s
}

// isName reports whether s can name a rule or a connection.
func isName(s string) bool {
	if s == "" || len(s) > 100 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}

func itoa(n int) string { return strconv.Itoa(n) }
