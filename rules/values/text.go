package values

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/gavel-rules/gavel/rules/language"
	"gopkg.in/yaml.v3"
)

// Text is a string that may contain ${{ }}. Escaping depends on the destination,
// so it is an argument of Render.
type Text struct {
	source string
	parts  []part
	// dest is the tag of the field: headers and addresses must not contain
	// control characters.
	dest string
}

// LiteralText returns a Text without expressions.
func LiteralText(s string) Text { return Text{source: s, parts: []part{{literal: s}}} }

// Render inserts the values, escaped with escape if it is not nil. Literal parts
// and raw() values are not escaped.
func (t Text) Render(s *language.Scope, escape func(string) string) (string, error) {
	if len(t.parts) == 1 && t.parts[0].prog == nil {
		return t.parts[0].literal, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.prog == nil {
			b.WriteString(p.literal)
			continue
		}
		value, err := t.value(p.prog, s, escape)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

func (t Text) value(p *language.Program, s *language.Scope, escape func(string) string) (string, error) {
	if p.Unknown(s) != nil {
		return language.Placeholder(p.Source), nil
	}
	v, err := p.Run(s)
	if err != nil {
		return "", err
	}
	if err := p.Present(v, language.KindText); err != nil {
		return "", err
	}
	out := displayed(v, escape)
	if t.dest != "" && hasControl(out) {
		return "", p.Fail(fmt.Errorf("contains a line break or control character, not allowed in %s", destName(t.dest)))
	}
	return out, nil
}

// IsZero reports whether the text is not set.
func (t Text) IsZero() bool { return t.source == "" }

// Literal returns the text and true if it contains no expression.
func (t Text) Literal() (string, bool) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.prog != nil {
			return "", false
		}
		b.WriteString(p.literal)
	}
	return b.String(), true
}

// Source returns the text as written.
func (t Text) Source() string { return t.source }

// String returns the text as written.
func (t Text) String() string { return t.source }

func hasControl(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }

func destName(dest string) string {
	if dest == "address" {
		return "an address"
	}
	return "a header"
}

// Text compiles a Text. dest is "header", "address" or empty. many says that it
// is an item of a list.
func (d *Reader) Text(n *yaml.Node, s, dest string, many bool) Text {
	t := Text{source: s, dest: dest}
	parts, ok := d.parts(n, s)
	if !ok {
		return t
	}
	t.parts = parts
	refuse := ""
	if dest != "" {
		refuse = destName(dest)
	}
	for _, p := range parts {
		d.warnRaw(p.prog, refuse)
		if refuse != "" && hasControl(p.literal) {
			d.Fail(n, "contains a line break or control character, not allowed in "+refuse, "write it on one line")
		}
	}
	if dest == "address" {
		d.oneAddress(t, many)
	}
	return t
}

// Constant reports whether the text is the same for every event.
func (t Text) Constant() bool {
	for _, p := range t.parts {
		if p.prog != nil && !p.prog.Constant {
			return false
		}
	}
	return true
}
