package text_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/text"
)

// TestLinesAndPlaces: each character of a file has a line and a column, and each
// line and column an offset, whatever ends the lines.
func TestLinesAndPlaces(t *testing.T) {
	t.Parallel()
	const raw = "äb\ncd\r\ne\rf\u0085g\u2028h\u2029\n"
	d := text.NewText("f.yaml", []byte("\ufeff"+raw))
	if d.Raw != raw {
		t.Fatalf("the text is %q", d.Raw)
	}
	for i, want := range []string{"", "äb", "cd", "e", "f", "g", "h", "", "", ""} {
		if got := d.Line(i); got != want {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
	if got := d.Line(-1); got != "" {
		t.Errorf("line -1 is %q", got)
	}
	for _, c := range []struct {
		of           string
		line, column int
	}{{"äb", 1, 1}, {"b", 1, 2}, {"\n", 1, 3}, {"cd", 2, 1}, {"d", 2, 2}, {"e", 3, 1}, {"f", 4, 1}, {"g", 5, 1}, {"h", 6, 1}} {
		i := strings.Index(raw, c.of)
		want := text.Position{File: "f.yaml", Line: c.line, Column: c.column}
		if got := d.Position(i); got != want {
			t.Errorf("%q stands at %s, want %s", c.of, got, want)
		}
		if got := d.Offset(c.line, c.column); got != i {
			t.Errorf("%d:%d is offset %d, want %d", c.line, c.column, got, i)
		}
	}
	end := len(raw)
	for _, c := range [][2]int{{0, 1}, {-1, 1}, {9, 1}, {10, 1}, {8, 50}} {
		if got := d.Offset(c[0], c[1]); got != end {
			t.Errorf("%d:%d is offset %d, want the end, %d", c[0], c[1], got, end)
		}
	}
	if got := d.Offset(2, 0); got != 4 {
		t.Errorf("2:0 is offset %d", got)
	}
	if first, last := d.Position(-5).String(), d.Position(end+5).String(); first != "f.yaml:1:1" || last != "f.yaml:8:1" {
		t.Errorf("places outside the file: %s and %s", first, last)
	}
	for want, p := range map[string]text.Position{
		"f":     {File: "f", Column: 3},
		"f:2":   {File: "f", Line: 2},
		"f:2:3": {File: "f", Line: 2, Column: 3},
	} {
		if got := p.String(); got != want {
			t.Errorf("%#v is written %s", p, got)
		}
	}
}

// TestScalarsAreFoundInTheirFile: each byte of a value is found where it is
// written, in every style of YAML. The mark X stands behind something that
// takes more room in the file than in the value.
func TestScalarsAreFoundInTheirFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, want string }{
		{"a: abcX\n", "1:7"},
		{"a: 'abc X'\n", "1:9"},
		{"a: \"abc X\"\n", "1:9"},
		{"a: &name !!str X\n", "1:16"},
		{"a: 'it''s X'\n", "1:11"},
		{"a: 'one\n\n  two X'\n", "3:7"},
		{"a: \"q\\\"q X\"\n", "1:10"},
		{"a: \"\\x41X\"\n", "1:9"},
		{"a: \"\\u00e4X\"\n", "1:11"},
		{"a: \"\\U0001F600X\"\n", "1:15"},
		{"a: \"\\tX\"\n", "1:7"},
		{"a: \"\\_X\"\n", "1:7"},
		{"a: \"one \\\n   X\"\n", "2:4"},
		{"a: \"one \\\r\n   X\"\n", "2:4"},
		{"a: \"ä\\nX\"\n", "1:8"},
		{"a: one\n   two\n   X\n", "3:4"},
		{"a: |\n  one\n  X\n", "3:3"},
		{"a: |-\n    one\n      X\n", "3:7"},
		{"a: >\n  one\n  two X\n", "3:7"},
		{"a: >-\n  one\n\n  X\n", "4:3"},
		{"a:\n  - 1\n  - X\n", "3:5"},
		{"a: \"one\ttwo X\"\n", "1:13"},
		{"a: äöü X\n", "1:8"},
	} {
		d := text.NewText("f", []byte(c.raw))
		m := text.MapScalar(d, scalarWithX(t, c.raw))
		if end := m.Offset(len(scalarWithX(t, c.raw).Value)); end != m.End() || end < m.Offset(0) || end > len(c.raw) {
			t.Errorf("%q: it ends at %d", c.raw, end)
		}
		if got := strings.TrimPrefix(m.Position(strings.IndexByte(scalarWithX(t, c.raw).Value, 'X')).String(), "f:"); got != c.want {
			t.Errorf("%q: X is said to stand at %s, want %s", c.raw, got, c.want)
		}
	}
	d := text.NewText("f", []byte("a: abc"))
	m := text.MapScalar(d, &yaml.Node{Kind: yaml.ScalarNode, Value: "abc", Line: 1, Column: 4})
	if first, end := m.Position(-1).Column, m.Position(99).Column; first != 4 || end != 7 {
		t.Errorf("places outside the value: columns %d and %d", first, end)
	}
	// A value that is not there, as that of an alias of another file.
	m = text.MapScalar(d, &yaml.Node{Kind: yaml.ScalarNode, Value: "abcdef", Line: 1, Column: 4})
	if got := m.Position(5).Column; got != 7 {
		t.Errorf("a value longer than its file: column %d", got)
	}
	for _, cut := range []string{`a: "\`, `a: "\x`, `a: "\U12`} {
		m = text.MapScalar(text.NewText("f", []byte(cut)), &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Value: "xy", Line: 1, Column: 4})
		if got := m.Position(1).Column; got != len(cut)+1 {
			t.Errorf("%s: column %d", cut, got)
		}
	}
}

func scalarWithX(t *testing.T, raw string) *yaml.Node {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(raw), &root); err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	var find func(n *yaml.Node) *yaml.Node
	find = func(n *yaml.Node) *yaml.Node {
		if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "X") {
			return n
		}
		for _, child := range n.Content {
			if found := find(child); found != nil {
				return found
			}
		}
		return nil
	}
	found := find(&root)
	if found == nil {
		t.Fatalf("%q has no X", raw)
	}
	return found
}

func TestSpace(t *testing.T) {
	t.Parallel()
	for _, c := range []byte(" \t\n\r") {
		if !text.IsSpace(c) {
			t.Errorf("%q is no space", c)
		}
	}
	for _, c := range []byte("a-\x00\v") {
		if text.IsSpace(c) {
			t.Errorf("%q is a space", c)
		}
	}
}

// TestVisible: what a terminal, a chat or a mail client would act on is taken
// out; what a reader sees stays.
func TestVisible(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"plain ä 日本 😀", "plain ä 日本 😀"},
		{"a\tb\nc", "a\tb\nc"},
		{"a\r\nb\rc", "a\nbc"},
		{"a\u2028b\u2029c", "a\nb\nc"},
		{"\x00a\x1bb\x7fc\u0085d\u009fe", "abcde"},
		{"x\u202ay\u202ez\u2066v\u2069w", "xyzvw"},
		{"x\u2029y\u202fz\u2065v\u206aw", "x\ny\u202fz\u2065v\u206aw"},
		{"x\ufdcfy\ufdd0z\ufdefv\ufdf0w", "x\ufdcfyzv\ufdf0w"},
		{"x\ufffdy\ufffez\uffffv\U0001fffew\U0010ffffz", "x\ufffdyzvwz"},
	} {
		if got := text.Visible(c.in); got != c.want {
			t.Errorf("%q shows as %q, want %q", c.in, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	twelve := strings.Split("b a c d e f g h i j k l", " ")
	for _, c := range []struct {
		got   string
		known []string
		want  string
	}{
		{"chanel", []string{"text", "channel"}, `did you mean "channel"?`},
		{"zzz", []string{"text", "channel"}, "use one of: channel, text"},
		{"zzz", nil, ""},
		{"zzz", twelve, "use one of: a, b, c, d, e, f, g, h, i, j, k, l"},
		{"zzz", append([]string{"m"}, twelve...), ""},
	} {
		if got := text.Suggest(c.got, c.known); got != c.want {
			t.Errorf("%s among %v: %q, want %q", c.got, c.known, got, c.want)
		}
	}
	if twelve[0] != "b" {
		t.Error("the list was sorted in place")
	}
	for _, c := range []struct {
		n    int
		want string
	}{{4, "äöüß"}, {5, "äöüß"}, {3, "äöü…"}, {0, "…"}} {
		if got := text.Clip("äöüß", c.n); got != c.want {
			t.Errorf("clipped to %d: %q, want %q", c.n, got, c.want)
		}
	}
}
