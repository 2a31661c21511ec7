// Package values has the types of parameters: Text, HTML, URL, Value, Expr,
// Condition and Secret. The type decides how values from an event are escaped.
package values

import (
	"slices"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// Reader compiles the expressions of a rules file, and texts with ${{ }}. It
// adds a finding for each mistake and continues.
type Reader struct {
	Doc  *text.Document
	Out  *text.Collector
	Comp *language.Compiler
	// Rule is the name of the rule that is read; findings carry it.
	Rule string
	// Words are the names that expressions may use.
	Words *language.Vocabulary
	// Setting is true for vars and for fields of a connection that are not
	// secret, such as a host: common words in them are not hidden.
	Setting bool
	// Uses, if not nil, collects what the expressions use.
	Uses *Uses
}

// Uses says what the expressions of a rule use.
type Uses struct {
	Data    bool // the raw data of the event
	Gathers bool // the events that a window collected
	Recalls bool // the meeting before the event
	Results bool // the results of earlier actions
	Memory  bool // what is remembered
}

func (u *Uses) Add(p *language.Program) {
	if u == nil {
		return
	}
	u.Data, u.Gathers, u.Recalls = u.Data || p.Data, u.Gathers || p.Gathers, u.Recalls || p.Recalls
	u.Memory = u.Memory || p.UsesMemory()
	u.Results = u.Results || slices.Contains(p.Uses, eval.WordActions)
}

// Fail adds an error at a node.
func (d *Reader) Fail(n *yaml.Node, message, hint string) {
	f := d.Doc.Finding(n, message, hint)
	f.Rule = d.Rule
	d.Out.Add(f)
}

// Warn adds a warning at a node.
func (d *Reader) Warn(n *yaml.Node, message, hint string) {
	f := d.Doc.Finding(n, message, hint)
	f.Rule, f.Severity = d.Rule, text.SeverityWarning
	d.Out.Add(f)
}

// FailAt adds an error at a position, n characters wide.
func (d *Reader) FailAt(pos text.Position, n int, message, hint string) {
	d.Out.Add(d.findingAt(pos, n, message, hint))
}

func (d *Reader) findingAt(pos text.Position, n int, message, hint string) text.Finding {
	f := text.Finding{Pos: pos, Rule: d.Rule, Message: message, Hint: hint, Source: d.Doc.Line(pos.Line)}
	if n > 0 {
		f.EndColumn = pos.Column + n
	}
	return f
}

// Entries lists the keys of a mapping.
func (d *Reader) Entries(n *yaml.Node) []text.Entry { return text.EntriesOf(n, d.Fail) }

// QuietEntries lists the keys of a mapping without reporting mistakes, which
// Entries has done.
func (d *Reader) QuietEntries(n *yaml.Node) []text.Entry {
	return text.EntriesOf(n, func(*yaml.Node, string, string) {})
}
