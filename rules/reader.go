package rules

import "gopkg.in/yaml.v3"

// valueReader compiles what stands at one place of a rules file: expressions, and
// texts with ${{ }} in them. What is wrong becomes a finding at its place, and
// reading goes on.
type valueReader struct {
	doc  *document
	out  *collector
	comp *compiler
	// rule is the name of the rule that is read; findings carry it.
	rule string
	// words are what expressions at this place can see.
	words *vocabulary
	// setting is true for vars, and for a field of a connection that holds no
	// secret (a host, a port, a URL): everyday values in them are no secrets.
	setting bool
	// uses, when not nil, collects what the expressions look at.
	uses *uses
}

// uses says what the expressions of a rule look at.
type uses struct {
	data    bool // the raw data of the event
	gathers bool // the events that a window brought together
	recalls bool // the meeting before the event
}

func (u *uses) add(p *program) {
	if u == nil {
		return
	}
	u.data, u.gathers, u.recalls = u.data || p.data, u.gathers || p.gathers, u.recalls || p.recalls
}

// fail adds an error at a node.
func (d *valueReader) fail(n *yaml.Node, message, hint string) {
	f := d.doc.finding(n, message, hint)
	f.Rule = d.rule
	d.out.add(f)
}

// warn adds a warning at a node.
func (d *valueReader) warn(n *yaml.Node, message, hint string) {
	f := d.doc.finding(n, message, hint)
	f.Rule, f.Severity = d.rule, SeverityWarning
	d.out.add(f)
}

// failAt adds an error at a position, n characters wide.
func (d *valueReader) failAt(pos Position, n int, message, hint string) {
	d.out.add(d.findingAt(pos, n, message, hint))
}

func (d *valueReader) findingAt(pos Position, n int, message, hint string) Finding {
	f := Finding{Pos: pos, Rule: d.rule, Message: message, Hint: hint, Source: d.doc.line(pos.Line)}
	if n > 0 {
		f.EndColumn = pos.Column + n
	}
	return f
}

// entries lists the keys of a mapping.
func (d *valueReader) entries(n *yaml.Node) []entry { return entriesOf(n, d.fail) }

// quietEntries lists entries that another pass has reported on.
func (d *valueReader) quietEntries(n *yaml.Node) []entry {
	return entriesOf(n, func(*yaml.Node, string, string) {})
}
