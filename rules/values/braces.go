package values

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// foreign matches the syntax of other template languages: {{ x }}, ${x}, $ {{ x }}.
var foreign = regexp.MustCompile(`\$ \{\{|\{\{-?\s*[A-Za-z_#/.][^{}]*\}\}|\$\{[A-Za-z_][^{}]*\}`)

// warnForeign warns of text that looks like ${{ }} but is not.
func (d *Reader) warnForeign(n *yaml.Node, s string, found []segment) {
	if !strings.Contains(s, "{") {
		return
	}
	inside := func(i int) bool {
		for _, seg := range found {
			if seg.expr && i >= seg.offset-len(openMark) && i < seg.offset+len(seg.text)+len(closeMark) {
				return true
			}
		}
		return false
	}
	for _, at := range foreign.FindAllStringIndex(s, -1) {
		if inside(at[0]) || at[0] > 0 && s[at[0]-1] == '$' {
			continue
		}
		d.warnSentAsIs(n, s, at[0], at[1], "write ${{ … }} to insert a value")
	}
	for i := 0; ; {
		next := strings.Index(s[i:], literalMark)
		if next < 0 {
			return
		}
		at := i + next
		i = at + len(literalMark)
		if inside(at) {
			continue
		}
		if end := endOfExpression(s, i); end >= 0 {
			i = end + len(closeMark)
			d.warnSentAsIs(n, s, at, i, `for a dollar sign before a value write ${{ "$" }}${{ … }}`)
		}
	}
}

// warnSentAsIs warns that s[from:to] is sent as written.
func (d *Reader) warnSentAsIs(n *yaml.Node, s string, from, to int, hint string) {
	mark := s[from:to]
	m := text.MapScalar(d.Doc.Text, n)
	f := d.findingAt(m.Position(from), utf8.RuneCountInString(mark), text.Quote(text.Clip(mark, 40))+" is sent as written", hint)
	f.Severity = text.SeverityWarning
	d.Out.Add(f)
}

// WarnCurly warns of a value in curly quotes, which YAML takes as part of it.
func (d *Reader) WarnCurly(n *yaml.Node) {
	if n.Style == 0 && strings.IndexAny(n.Value, "“”„‘’‚") == 0 {
		d.Warn(n, "the curly quotes are part of this value", `write straight quotes: "…"`)
	}
}

// commentHint is the hint for an expression that ends at a YAML comment, or "".
func (d *Reader) commentHint(m *text.ScalarMap) string {
	raw := m.Text.Raw
	end := m.End()
	rest := strings.TrimLeft(raw[min(end, len(raw)):], " \t")
	if strings.HasPrefix(rest, "#") {
		return "YAML reads # after a space as a comment: put the whole expression in quotes"
	}
	return ""
}

var shellVariable = regexp.MustCompile(`^(?:\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}|%[A-Za-z_]\w*%)$`)

// ShellSecret reports a secret that is written as a shell variable. It returns
// whether it is.
func (d *Reader) ShellSecret(n *yaml.Node, s string) bool {
	found := shellVariable.MatchString(s)
	if found {
		d.Fail(n, "shell variables are not expanded here", "write ${{ env.NAME }}")
	}
	return found
}

// Braces reports whether a mapping was meant to be {{ x }}.
func (d *Reader) Braces(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && strings.HasPrefix(d.Doc.Raw[d.Doc.Offset(n.Line, n.Column):], "{{")
}
