package rules

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// Options hold what a load needs besides the files.
type Options struct {
	// Kinds of actions and connections that rules may use.
	Kinds Kinds
	// Env holds the environment variables that rules may read, by name. A name
	// that is not here does not exist for a rule.
	Env map[string]string
}

// Load compiles the sources into a Set. All findings of all files come back in
// one go, sorted by place. When one of them is an error the Set is nil.
func Load(sources []Source, o Options) (*Set, Findings) {
	l := &loader{
		opts: o, out: &collector{}, comp: newCompiler(o.Env),
		connections: map[string]*openConnection{}, names: map[string]Position{}, missing: map[string]bool{},
	}
	l.parse(sources)
	l.loadVars()
	l.loadConnections()
	l.loadRules()
	if l.seen == 0 && len(l.out.findings) == 0 {
		l.out.add(Finding{
			Severity: SeverityError, Pos: Position{File: firstName(sources)},
			Message: "there are no rules", Hint: "add rules: with at least one rule",
		})
	}
	findings := l.out.findings.sorted().shown(l.comp.told.Gate())
	if findings.HasErrors() {
		return nil, findings
	}
	return l.set(sources), findings
}

func firstName(sources []Source) string {
	if len(sources) == 0 {
		return "rules"
	}
	return sources[0].Name
}

// loader is one load in progress.
type loader struct {
	opts Options
	out  *collector
	comp *compiler
	docs []*document
	// incomplete says that a file could not be parsed, so that what is missing
	// may stand in it.
	incomplete  bool
	vars        map[string]any
	connections map[string]*openConnection
	rules       []*Rule
	seen        int                 // rules, sound or not
	names       map[string]Position // of rules
	missing     map[string]bool     // connections reported as missing
}

func (l *loader) parse(sources []Source) {
	for _, s := range sources {
		if f := checkSource(s); f != nil {
			l.out.add(*f)
			l.incomplete = true
			continue
		}
		d := parseDocument(s, l.out)
		if d == nil {
			l.incomplete = true
			continue
		}
		if d.root != nil {
			l.docs = append(l.docs, d)
		}
	}
}

// ruleDecoder reads what only a file of rules has.
type ruleDecoder struct{ decoder }

// decoder reads document d; words are what expressions in it see.
func (l *loader) decoder(d *document, words *vocabulary) *ruleDecoder {
	return &ruleDecoder{decoder{valueReader: valueReader{doc: d, out: l.out, comp: l.comp, words: words}}}
}

var topKeys = []string{"connections", "vars", "rules"}

// each calls use with the value of one top key in every file.
func (l *loader) each(name string, use func(d *ruleDecoder, key, value *yaml.Node)) {
	for _, doc := range l.docs {
		d := l.decoder(doc, nil)
		if doc.root.Kind != yaml.MappingNode {
			continue
		}
		for _, e := range d.quietEntries(doc.root) {
			if e.name == name && e.value.Tag != "!!null" {
				use(d, e.key, e.value)
			}
		}
	}
}

// checkTop reports on the top keys of every file.
func (l *loader) checkTop() {
	for _, doc := range l.docs {
		d := l.decoder(doc, nil)
		if doc.root.Kind != yaml.MappingNode {
			if doc.root.Tag != "!!null" {
				d.fail(doc.root, "a rules file must be a mapping with the keys connections, vars and rules, not "+article(doc.root), "")
			}
			continue
		}
		for _, e := range d.entries(doc.root) {
			if !slices.Contains(topKeys, e.name) && !strings.HasPrefix(e.name, "x-") {
				d.fail(e.key, "unknown key "+quote(e.name), keyHint(e.name, topKeys))
			}
		}
	}
}

// loadVars evaluates vars; they may use env.
func (l *loader) loadVars() {
	l.checkTop()
	l.vars = map[string]any{}
	first := map[string]Position{}
	sound := map[string]bool{}
	l.each("vars", func(d *ruleDecoder, _, value *yaml.Node) {
		d.words, d.now = l.comp.varsVocabulary(), true
		if value.Kind != yaml.MappingNode {
			d.fail(value, "vars must be a mapping of names and values, not "+article(value), "")
			l.incomplete = true
			return
		}
		for _, e := range d.entries(value) {
			if at, again := first[e.name]; again {
				d.fail(e.key, "var "+quote(e.name)+" is defined twice; the first is at "+at.String(), "remove one of them")
				continue
			}
			first[e.name] = Position{File: d.doc.name, Line: e.key.Line, Column: e.key.Column}
			before := l.out.errors()
			// Everyday values in vars stay readable; keys do not.
			d.setting = true
			l.vars[e.name] = d.plain(e.value)
			d.setting = false
			sound[e.name] = l.out.errors() == before
		}
	})
	l.comp.setVars(l.vars)
	l.comp.forgiveVars(sound, l.incomplete)
}

// set puts the sound parts together.
func (l *loader) set(sources []Source) *Set {
	s := &Set{
		Revision: RevisionOf(sources), Sources: sources, Rules: l.rules,
		Connections: map[string]*Connection{}, Vars: l.vars,
		env:  l.comp.environment(),
		gate: l.comp.secrets.Gate(), scopes: &sync.Pool{},
	}
	for name, c := range l.connections {
		s.Connections[name] = c.Connection
	}
	s.index()
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
