package values

import (
	"slices"
	"strings"
	"unicode"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

const (
	openMark    = "${{"
	closeMark   = "}}"
	literalMark = "$${{" // a literal ${{
)

// maxParts is the largest number of segments of one text.
const maxParts = 2000

// segment is a piece of a text: literal, or the source of an expression.
type segment struct {
	text   string
	expr   bool
	offset int // of an expression's source, in bytes
}

// segments splits a text at its ${{ }}. It returns the offset of one that is
// not closed, or -1.
func segments(s string) ([]segment, int) {
	var out []segment
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			out = append(out, segment{text: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], literalMark):
			literal.WriteString(openMark)
			i += len(literalMark)
		case strings.HasPrefix(s[i:], openMark):
			start := i + len(openMark)
			end := endOfExpression(s, start)
			if end < 0 {
				return nil, i
			}
			flush()
			out = append(out, segment{text: s[start:end], expr: true, offset: start})
			i = end + len(closeMark)
		default:
			literal.WriteByte(s[i])
			i++
		}
	}
	flush()
	return out, -1
}

// endOfExpression finds the }} that closes an expression. It skips strings,
// comments, and the braces of maps and predicates.
func endOfExpression(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\'' || c == '`':
			if i = endOfString(s, i); i < 0 {
				return -1
			}
			continue
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i+2:], "*/")
			if end < 0 {
				return -1
			}
			i += end + 4
			continue
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case strings.HasPrefix(s[i:], closeMark):
			return i
		}
		i++
	}
	return -1
}

// endOfString returns the offset after the string that starts at i.
func endOfString(s string, i int) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch {
		case s[i] == quote:
			return i + 1
		case s[i] == '\\' && quote != '`':
			i++
		}
	}
	return -1
}

// part is a compiled segment.
type part struct {
	literal string
	prog    *language.Program // nil for a literal
}

// parts compiles a text with ${{ }}. It reports whether all of it is valid.
func (d *Reader) parts(n *yaml.Node, s string) ([]part, bool) {
	if !strings.Contains(s, openMark) {
		if s == "" {
			return nil, true
		}
		d.warnForeign(n, s, nil)
		return []part{{literal: s}}, true
	}
	m := text.MapScalar(d.Doc.Text, n)
	found, open := segments(s)
	if open >= 0 {
		d.FailAt(m.Position(open), 3, "${{ is not closed", "close it with }}, and check the quotes in between")
		return nil, false
	}
	if len(found) > maxParts {
		d.Fail(n, "the text has too many ${{ }}", "split it")
		return nil, false
	}
	d.warnForeign(n, s, found)
	var out []part
	valid := true
	for _, seg := range found {
		if !seg.expr {
			out = append(out, part{literal: seg.text})
			continue
		}
		p := d.program(m, seg.text, seg.offset, language.Unguarded)
		valid = valid && p != nil
		out = append(out, part{prog: p})
	}
	if valid {
		d.checkSOQL(out)
	}
	return out, valid
}

// program compiles the expression that starts at byte offset of a scalar's
// value, and reports its problems at their position in the file.
func (d *Reader) program(m *text.ScalarMap, source string, offset int, guard language.Guarding) *language.Program {
	p, problems := d.Comp.Compile(source, d.Words, guard)
	for _, x := range problems {
		if x.Told {
			d.Out.Suppress()
			continue
		}
		if x.Env != "" {
			if d.Comp.Reported[x.Env] {
				d.Out.Suppress()
				continue
			}
			d.Comp.Reported[x.Env] = true
		}
		from, to := eval.ByteOffset(source, x.From), eval.ByteOffset(source, max(x.To, x.From))
		start, end := m.Position(offset+from), m.Position(offset+to)
		if hint := d.commentHint(m); hint != "" && x.Unfinished {
			x.Hint = hint
		}
		width := 0
		if end.Line == start.Line {
			width = end.Column - start.Column
		}
		f := d.findingAt(start, width, x.Message, x.Hint)
		f.Variable = x.Env
		d.Out.Add(f)
	}
	if p == nil {
		return nil
	}
	d.Uses.Add(p)
	d.Comp.Hide(p, d.Setting)
	lead := len(source) - len(strings.TrimLeftFunc(source, unicode.IsSpace))
	p.Pos = m.Position(offset + lead)
	p.Source = strings.TrimSpace(source)
	d.warnEmpty(p)
	return p
}

// warnEmpty warns of names that are always absent.
func (d *Reader) warnEmpty(p *language.Program) {
	words := slices.DeleteFunc(slices.Clone(p.Uses), func(word string) bool { return d.Words.Empty[word] == "" })
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		f := d.findingAt(p.Pos, 0, text.Quote(word)+" is always absent here: "+d.Words.Empty[word], "listen to other events, or remove it")
		f.Severity = text.SeverityWarning
		d.Out.Add(f)
	}
}

// warnRaw warns of raw() in an expression, or reports it as an error if refuse
// says where it is not allowed.
func (d *Reader) warnRaw(p *language.Program, refuse string) {
	if p == nil || len(p.Raws) == 0 {
		return
	}
	if refuse == "" && !p.Foreign {
		return
	}
	f := d.findingAt(p.Pos, 0, "raw() inserts a value without escaping", "make sure that no outsider can write it")
	f.Severity = text.SeverityWarning
	if refuse != "" {
		f = d.findingAt(p.Pos, 0, "raw() cannot be used in "+refuse, "remove raw()")
	}
	d.Out.Add(f)
}
