// Package values holds what an author writes for a parameter, by destination:
// Text, HTML, URL, Value, Expr, Condition and Secret. A value from an event is
// made safe by the type of the place that it is put into.
package values

import (
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// Reader compiles what stands at one place of a rules file: expressions, and
// texts with ${{ }} in them. What is wrong becomes a finding at its place, and
// reading continues.
type Reader struct {
	Doc  *text.Document
	Out  *text.Collector
	Comp *language.Compiler
	// Rule is the name of the rule that is read; findings carry it.
	Rule string
	// Words are what expressions at this place can see.
	Words *language.Vocabulary
	// Setting is true for vars, and for a field of a connection that holds no
	// secret (a host, a port, a URL): everyday values in them are no secrets.
	Setting bool
	// Uses, when not nil, collects what the expressions look at.
	Uses *Uses
}

// Uses says what the expressions of a rule look at.
type Uses struct {
	Data    bool // the raw data of the event
	Gathers bool // the events that a window brought together
	Recalls bool // the meeting before the event
}

func (u *Uses) Add(p *language.Program) {
	if u == nil {
		return
	}
	u.Data, u.Gathers, u.Recalls = u.Data || p.Data, u.Gathers || p.Gathers, u.Recalls || p.Recalls
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

// QuietEntries lists entries that another pass has reported on.
func (d *Reader) QuietEntries(n *yaml.Node) []text.Entry {
	return text.EntriesOf(n, func(*yaml.Node, string, string) {})
}
