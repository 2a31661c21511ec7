package text_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/text"
)

// parsed is the document, or what is said of it.
func parsed(raw string) (*text.Document, string) {
	var c text.Collector
	d := text.ParseDocument(text.Source{Name: "f", Content: []byte(raw)}, &c)
	return d, c.Findings.Error()
}

// TestFilesOfEveryShape: what is YAML is read, with any ends of lines, and what
// is not is one finding at its place.
func TestFilesOfEveryShape(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "\n", "# nothing\n", "a: 1", "a: 1\r\nb: 2\r\n", "\ufeffa: 1\n", "---\na: 1\n", "a: 1\n...\n",
		"%YAML 1.2\n---\na: 1\n", "# first\n\n%YAML 1.1\t\r\n---\r\na: 1\r\n",
		"a: !!str 1\n", "a: &x 1\nb: *x\n",
	} {
		if d, said := parsed(raw); d == nil || said != "" {
			t.Errorf("%q: %s", raw, said)
		}
	}
	if d, _ := parsed("# nothing\n"); d.Root != nil {
		t.Errorf("an empty file has the root %v", d.Root)
	}
	if d, _ := parsed("%YAML 1.2\n---\na: 1\n"); d.Root == nil || d.Root.Content[0].Line != 3 || d.Line(1) != "%YAML 1.2" {
		t.Errorf("places have moved: %+v", d.Root)
	}
	for _, c := range []struct{ raw, want string }{
		{"%YAML 2.0\n---\na: 1\n", "f:1:1: not valid YAML: unsupported YAML version; write %YAML 1.1 or %YAML 1.2, or remove the line"},
		{"a: 1\n---\nb: 2\n", "f:2:1: a second YAML document starts here; write one document per file"},
		{"a: 1\n---\nb: [1\n", "f:3:4: not valid YAML: a bracket is not closed; close it, and check the commas and quotes inside"},
		{"a: 1\n---\nb: *c\n", "f:3:1: not valid YAML: unknown anchor 'c' referenced; define it with &name before it is used"},
		{"a: &x { b: *x }\n", `f:1:12: anchor "x" contains itself`},
		{"a: &x [ { b: &y [*x, *y] } ]\n", `f:1:18: anchor "x" contains itself`},
		{"a: !important\n", `f:1:4: YAML reads "!important" as a tag; put the whole value in quotes, or write not for ! in a condition`},
		{"when: !meeting.isCanceled\nb: 1\n", `f:1:7: YAML reads "!meeting.isCanceled" as a tag; put the whole value in quotes, or write not for ! in a condition`},
		{"a: [!x 1]\n", `f:1:5: YAML reads "!x" as a tag; put the whole value in quotes, or write not for ! in a condition`},
		{"a: \"x\n", "f:1:4: not valid YAML: a quote is not closed; close it with the same quote"},
		{"a: 1\n\tb: 2\n", "f:2:2: not valid YAML: indented with a tab; indent with spaces"},
		{"a: 1\n---\n", "f:2:1: a second YAML document starts here; write one document per file"},
		{"a: `x`\n", "f:1:4: not valid YAML: a value cannot begin with `; put the whole value in quotes"},
	} {
		d, said := parsed(c.raw)
		if d != nil || said != c.want {
			t.Errorf("%q:\n%s\nwant\n%s", c.raw, said, c.want)
		}
	}
}

// TestBoundsOfAFile: what is as large as allowed is read, one more is not.
func TestBoundsOfAFile(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	// aliased has n lists around an alias of a list of depth m.
	aliased := func(n, m int) string {
		return "- &a " + nested(m) + "\n- " + strings.Repeat("[", n) + "*a" + strings.Repeat("]", n)
	}
	// unfolded has n aliases of 1000 nodes each, and one of m.
	unfolded := func(n, m int) string {
		list := func(n int) string { return "[" + strings.Repeat("x,", n-1) + "]" }
		return "- &a " + list(1000) + "\n- &b " + list(m) + "\n- [" + strings.Repeat("*a,", n) + "*b]"
	}
	const deep, deepAlias = "values are nested too deep; nest at most 100 levels", "aliases are nested too deep; nest at most 100 levels"
	const many = "aliases expand to too many values; write the values out, or use fewer aliases"
	for _, c := range []struct{ name, raw, want string }{
		{"100 levels", nested(100), ""},
		{"101 levels", nested(101), "f:1:101: " + deep},
		{"two lists of 100 levels", "[" + nested(99) + "," + nested(99) + "]", ""},
		{"an alias of 50 in 49 and a list", aliased(49, 50), ""},
		{"an alias of 50 in 50 and a list", aliased(50, 50), "f:2:53: " + deepAlias},
		{"aliases of 200 000 nodes", unfolded(199, 1000), ""},
		{"aliases of 200 001 nodes", unfolded(199, 1001), "f:3:601: " + many},
		{"an alias used twice in itself, later", "- &a [1]\n- &b [*a]\n- [*a, *b, *a, *b]", ""},
	} {
		if _, said := parsed(c.raw); said != c.want {
			t.Errorf("%s: %s, want %s", c.name, said, c.want)
		}
	}
}

// TestFindingsPointAtNodes: a plain value is underlined, one that is written in
// another way is pointed at.
func TestFindingsPointAtNodes(t *testing.T) {
	t.Parallel()
	d, _ := parsed("a: plain ä\nb: 'quoted'\nc: one\n  two\nd: { e: f }\ng:\n")
	value := func(name string) *yaml.Node { return text.NodeAt(d.Root, name) }
	for _, c := range []struct {
		name      string
		line, col int
		end       int
	}{{"a", 1, 4, 11}, {"b", 2, 4, 0}, {"c", 3, 4, 0}, {"d", 5, 4, 0}, {"g", 6, 3, 0}} {
		f := d.Finding(value(c.name), "m", "h")
		want := text.Finding{Pos: text.Position{File: "f", Line: c.line, Column: c.col}, EndColumn: c.end, Message: "m", Hint: "h", Source: d.Line(c.line)}
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestEntries: a key written here wins over one that is merged in, and an
// earlier merge over a later one.
func TestEntries(t *testing.T) {
	t.Parallel()
	entries := func(raw string) (string, string) {
		d, said := parsed(raw)
		if d == nil {
			t.Fatalf("%q: %s", raw, said)
		}
		var got, failed []string
		for _, e := range text.EntriesOf(text.NodeAt(d.Root, "t"), func(n *yaml.Node, message, hint string) {
			failed = append(failed, fmt.Sprintf("%d:%d %s; %s", n.Line, n.Column, message, hint))
		}) {
			got = append(got, fmt.Sprintf("%s(%d)=%s", e.Name, e.Key.Line, e.Value.Value))
		}
		return strings.Join(got, " "), strings.Join(failed, "\n")
	}
	const base = "x: &x { a: 1, b: 2 }\ny: &y { b: 3, c: 4 }\nl: &l [1]\nk: &k key\n"
	const onlyMappings = " << can merge only mappings; write <<: *name or <<: [*name, *other]"
	for _, c := range []struct{ raw, want, failed string }{
		{"t: { a: 5 }", "a(5)=5", ""},
		{"t: {}", "", ""},
		{"t: { <<: *x, b: 6 }", "b(5)=6 a(1)=1", ""},
		{"t: { b: 6, <<: *x }", "b(5)=6 a(1)=1", ""},
		{"t: { <<: [*x, *y] }", "a(1)=1 b(1)=2 c(2)=4", ""},
		{"t: { <<: [*y, *x] }", "b(2)=3 c(2)=4 a(1)=1", ""},
		{"t: { <<: { a: 7, <<: *y } }", "a(5)=7 b(2)=3 c(2)=4", ""},
		{"t: { *k : 1 }", "key(5)=1", ""},
		{"t: { a: *k }", "a(5)=key", ""},
		{"t: { <<: [*x, *l] }", "a(1)=1 b(1)=2", "5:6" + onlyMappings},
		{"t: { <<: 1, a: 2 }", "a(5)=2", "5:6" + onlyMappings},
		{"t:\n  a: 1\n  b: 2\n  a: 3\n", "a(6)=1 b(7)=2", `8:3 duplicate key "a"; the first is on line 6; remove one of them`},
		{"t: { [1]: 2, a: 3 }", "a(5)=3", "5:6 a key must be text, not a list; "},
		{"t: { {q: 1}: 2 }", "", "5:6 a key must be text, not a mapping; "},
	} {
		if got, failed := entries(base + c.raw); got != c.want || failed != c.failed {
			t.Errorf("%s: %s, %q; want %s, %q", c.raw, got, failed, c.want, c.failed)
		}
	}
}

func TestArticles(t *testing.T) {
	t.Parallel()
	d, _ := parsed("a: { b: 1 }\nb: [1]\nc:\nd: 12\ne: 1.5\nf: true\ng: &g text\nh: *g\ni: " + strings.Repeat("x", 41) + "\nj: ~\nk: '12'\nl: 2026-01-31\n")
	for name, want := range map[string]string{
		"a": "a mapping", "b": "a list", "c": "nothing", "d": "the number 12", "e": "the number 1.5", "f": "true", "g": `the text "text"`, "h": `the text "text"`,
		"i": `the text "` + strings.Repeat("x", 40) + `…"`, "j": "nothing", "k": `the text "12"`, "l": `the text "2026-01-31"`,
	} {
		if got := text.Article(text.NodeAt(d.Root, name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestNodeAt: a path leads to the deepest value that is there; keys may hold
// dots.
func TestNodeAt(t *testing.T) {
	t.Parallel()
	d, _ := parsed("a: { b: v1, b.c: v2, b.c.d: v3, bc: v4 }\nl: [v5, { k: v6 }]\nz: &z { q: v7 }\ny: *z\n")
	at := func(path string) string {
		n := text.NodeAt(d.Root, path)
		if n == nil {
			return "nil"
		}
		return fmt.Sprintf("%d:%d %s", n.Line, n.Column, n.Value)
	}
	for path, want := range map[string]string{
		"": "1:1 ", "a": "1:4 ", "a.b": "1:9 v1", "a.b.c": "1:18 v2", "a.b.c.d": "1:29 v3", "a.bc": "1:37 v4", "a.bcd": "1:4 ",
		"a.b.x": "1:9 v1", "a.x": "1:4 ", "l[0]": "2:5 v5", "l[1].k": "2:14 v6", "l[2]": "2:4 ", "l[-1]": "2:4 ", "l.x": "2:4 ", "l": "2:4 ", "y.q": "3:12 v7", "nope": "1:1 ",
	} {
		if got := at(path); got != want {
			t.Errorf("%q leads to %s, want %s", path, got, want)
		}
	}
	if text.NodeAt(nil, "a") != nil {
		t.Error("nothing leads to something")
	}
}

// TestSourcesThatAreNoText: what cannot be text is refused where it begins.
func TestSourcesThatAreNoText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ content, want string }{
		{"", ""},
		{"a: ä\n", ""},
		{"a: \ufffd\n", ""},
		{strings.Repeat(" ", 4<<20), ""},
		{strings.Repeat(" ", 4<<20+1), "f: the file is too large: 4.0 MiB, more than 4.0 MiB; split the rules over several files"},
		{"\xff\xfea\x00", "f:1: the file is UTF-16; save it as UTF-8"},
		{"\xfe\xff\x00a", "f:1: the file is UTF-16; save it as UTF-8"},
		{"\x00", "f:1: not a text file: contains a zero byte; save it as UTF-8"},
		{"a\nb\n\x00", "f:3: not a text file: contains a zero byte; save it as UTF-8"},
		{"\xe4", "f:1: not valid UTF-8; save it as UTF-8"},
		{"ä\n\xff\n", "f:2: not valid UTF-8; save it as UTF-8"},
		{"\ufffd\n\n\xe4", "f:3: not valid UTF-8; save it as UTF-8"},
	} {
		got := ""
		if f := text.CheckSource(text.Source{Name: "f", Content: []byte(c.content)}); f != nil {
			got = f.String()
			if f.Severity != text.SeverityError {
				t.Errorf("%s is %s", got, f.Severity)
			}
		}
		if got != c.want {
			t.Errorf("%.20q: %s, want %s", c.content, got, c.want)
		}
	}
}

// TestSourcesThatCannotBeRead: each is told, and the others are read.
func TestSourcesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(name, target string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := put("good.yaml", "a: 1")
	put("b_test.yml", "a: 1")
	put("yaml", "a: 1")
	put("c.yaml.bak", "a: 1")
	broken := put("broken.yml", "\x00")
	gone := link("gone.yaml", filepath.Join(dir, "nowhere.yaml"))
	other := link("other.yaml", filepath.Join(dir, "yaml"))
	folder := filepath.Join(dir, "sub.yaml")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	sources, f := text.ReadSources(dir)
	want := broken + ":1: not a text file: contains a zero byte; save it as UTF-8\n" +
		gone + ": not found\n" +
		other + ": links to a file that is not a rules file; link to a *.yaml file"
	if diff := cmp.Diff(want, f.Error()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if len(sources) != 1 || sources[0].Name != good || string(sources[0].Content) != "a: 1" {
		t.Errorf("sources: %v", sources)
	}
	// A file that is named is read whatever its name, unless it is a link.
	named := put("notes.txt", "a: 1")
	sources, f = text.ReadSources(named, good, link("again.yaml", good))
	if len(sources) != 3 || len(f) != 0 {
		t.Errorf("%d sources, findings %s", len(sources), f.Error())
	}
}

// TestRevisions: contents and names make a revision, folders do not.
func TestRevisions(t *testing.T) {
	t.Parallel()
	revision := func(pairs ...string) string {
		var sources []text.Source
		for i := 0; i < len(pairs); i += 2 {
			sources = append(sources, text.Source{Name: pairs[i], Content: []byte(pairs[i+1])})
		}
		return text.RevisionOf(sources)
	}
	base := revision("a.yaml", "x", "b.yaml", "y")
	if same := revision("/etc/a.yaml", "x", "conf/b.yaml", "y"); same != base || len(base) != 32 {
		t.Errorf("%s and %s", base, same)
	}
	for _, other := range []string{
		revision(), revision("a.yaml", "x"), revision("b.yaml", "y", "a.yaml", "x"), revision("a.yaml", "xy", "b.yaml", ""), revision("a.yml", "x", "b.yaml", "y"),
	} {
		if other == base {
			t.Error("other sources have the same revision")
		}
	}
}
