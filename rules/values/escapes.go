package values

import (
	"slices"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// checkSOQL checks a text with a query in Salesforce's language: soql() escapes
// for the inside of single quotes only, and a value beside it that is not
// escaped can change the query.
func (d *Reader) checkSOQL(parts []part) {
	if !slices.ContainsFunc(parts, func(p part) bool { return p.prog != nil && p.prog.Escape == eval.EscapeSOQL }) {
		return
	}
	quoted := false
	for _, p := range parts {
		switch {
		case p.prog == nil:
			quoted = insideQuotes(p.literal, quoted)
		case p.prog.Escape == eval.EscapeSOQL && !quoted:
			d.FailAt(p.prog.Pos, len([]rune(p.prog.Source)), "soql() escapes for the inside of single quotes, and this is outside", "write '${{ "+p.prog.Source+" }}'")
		case p.prog.Escape != eval.EscapeSOQL && quoted && !p.prog.Constant:
			d.warnAt(p.prog, "this value is not escaped for the query", "write soql("+p.prog.Source+")")
		}
	}
}

// insideQuotes reports whether the end of s is inside single quotes; begin says
// that its start is.
func insideQuotes(s string, begin bool) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '\'':
			begin = !begin
		}
	}
	return begin
}

// warnTwice warns of a value that its place escapes again.
func (d *Reader) warnTwice(p *language.Program, escape, place string) {
	if p != nil && p.Escape == escape {
		d.warnAt(p, escape+"() escapes a second time: values in "+place+" are escaped already", "remove "+escape+"()")
	}
}

func (d *Reader) warnAt(p *language.Program, message, hint string) {
	f := d.findingAt(p.Pos, len([]rune(p.Source)), message, hint)
	f.Severity = text.SeverityWarning
	d.Out.Add(f)
}

// Escapes reports whether a value of the text is escaped as a whole by this
// function.
func (t Text) Escapes(function string) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.prog != nil && p.prog.Escape == function })
}
