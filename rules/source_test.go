package rules_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

func putFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadSources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := putFile(t, dir, "b.yml", "rules: []")
	a := putFile(t, dir, "a.yaml", "rules: []")
	putFile(t, dir, ".hidden.yaml", "x")
	putFile(t, dir, "a_test.yaml", "x")
	putFile(t, dir, "notes.txt", "x")
	real := putFile(t, t.TempDir(), "real.yaml", "rules: []")
	if err := os.Mkdir(filepath.Join(dir, "..data.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	sources, f := text.ReadSources(dir)
	if len(f) != 0 {
		t.Errorf("findings:\n%s", printed(f))
	}
	var got []string
	for _, s := range sources {
		got = append(got, s.Name)
	}
	if diff := cmp.Diff([]string{a, b, link}, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestReadSourcesFindings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check := func(path, want string) {
		t.Helper()
		sources, f := text.ReadSources(path)
		if len(sources) != 0 || len(f) != 1 || !f.HasErrors() || f.Error() != path+want {
			t.Errorf("%s: %d sources, findings %q, want %q", path, len(sources), f.Error(), path+want)
		}
	}
	check(filepath.Join(dir, "none.yaml"), ": not found; check the path")
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	check(empty, ": the directory has no rules files; put *.yaml files into it")
	check(putFile(t, dir, "nul.yaml", "a: 1\nb: \x00"), ":2: not a text file: contains a zero byte; save it as UTF-8")
	check(putFile(t, dir, "latin1.yaml", "a: 1\n\nb: \xe4"), ":3: not valid UTF-8; save it as UTF-8")
	big := putFile(t, dir, "big.yaml", "")
	if err := os.Truncate(big, 50<<20); err != nil {
		t.Fatal(err)
	}
	check(big, ": the file is too large: 50 MiB, more than 4.0 MiB; split the rules over several files")
	check("/dev/null", ": not a regular file")
}

// A link to something else is refused, because findings quote lines.
func TestLinksToSecretsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := putFile(t, t.TempDir(), "signing-secret", "hunter2-hunter2: [")
	link := filepath.Join(dir, "rules.yaml")
	if err := os.Symlink(secret, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, link} {
		sources, f := text.ReadSources(path)
		if len(sources) != 0 || !f.HasErrors() || strings.Contains(printed(f), "hunter2") {
			t.Errorf("%s: %d sources, findings %s", path, len(sources), printed(f))
		}
	}
}

func TestReadSourcesTotal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		putFile(t, dir, name+".yaml", "#"+strings.Repeat(" ", 3<<20))
	}
	sources, f := text.ReadSources(dir)
	if len(sources) != 5 || len(f) != 1 || !strings.Contains(f.Error(), "f.yaml: all files together are larger than 16 MiB") {
		t.Errorf("%d sources, findings: %s", len(sources), f.Error())
	}
}

func TestSourcesSurviveStorage(t *testing.T) {
	t.Parallel()
	want := []text.Source{{Name: "a.yaml", Content: []byte("x: ä\n")}, {Name: "b", Content: []byte{}}}
	got, err := text.DecodeSources(text.EncodeSources(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	if _, err := text.DecodeSources([]byte("{")); err == nil {
		t.Error("no error for broken bytes")
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	duration := func(s, want string) {
		t.Helper()
		got, err := units.ParseDuration(s)
		if err != nil || got.String() != want {
			t.Errorf("ParseDuration(%q) = %s, %v, want %s", s, got, err, want)
		}
	}
	duration("90s", "1m30s")
	duration("2h", "2h")
	duration("1h30m", "1h30m")
	duration("3d", "3d")
	duration("1w", "1w")
	duration("1d12h", "36h")
	duration("1.5d", "36h")
	duration("0s", "0s")
	for _, bad := range []string{"", "5", "d", "soon", "99999999999d", "-"} {
		if got, err := units.ParseDuration(bad); err == nil {
			t.Errorf("ParseDuration(%q) = %s", bad, got)
		}
	}
	if got, err := units.ParseSize("256KiB"); err != nil || got != 256<<10 || got.String() != "256 KiB" {
		t.Errorf("ParseSize = %d %s, %v", got, got, err)
	}
	if _, err := units.ParseSize("big"); err == nil {
		t.Error("no error for a bad size")
	}
}

func TestYAMLThatCannotBeRead(t *testing.T) {
	t.Parallel()
	check := func(name, content, want string) {
		t.Helper()
		f := findings(content)
		if len(f) != 1 || f[0].String() != want {
			t.Errorf("%s:\n%swant %s", name, printed(f), want)
		}
	}
	check("colon", "rules:\n  - name: a\n    description: one: two\n",
		`rules.yaml:3:21: not valid YAML: an unquoted value cannot contain a colon and a space; put the whole value in quotes`)
	check("tab", "rules:\n  - name: a\n\tevent: b\n", `rules.yaml:3:2: not valid YAML: indented with a tab; indent with spaces`)
	check("indent", "rules:\n  - name: a\n   event: b\n", `rules.yaml:3:4: not valid YAML: this line does not fit the lines above; check its indentation and the quotes and brackets above`)
	check("anchor", "rules:\n  - *none\n", `rules.yaml:2:3: not valid YAML: unknown anchor 'none' referenced; define it with &name before it is used`)
	check("list", "rules: [a, b\nvars: 1\n", `rules.yaml:1:8: not valid YAML: a bracket is not closed; close it, and check the commas and quotes inside`)
	check("documents", "vars: {}\n---\nrules: []\n", `rules.yaml:2:1: a second YAML document starts here; write one document per file`)
	check("cycle", "x-a: &a { b: *a }\n", `rules.yaml:1:14: anchor "a" contains itself`)
	check("scalar", "hello\n", `rules.yaml:1:1: a rules file must be a mapping with the keys connections, vars and rules, not the text "hello"`)
	check("empty", "\n# nothing\n", `rules.yaml: there are no rules; add rules: with at least one rule`)
	check("deep", "x-a: "+strings.Repeat("[", 200)+strings.Repeat("]", 200)+"\n", `rules.yaml:1:105: values are nested too deep; nest at most 100 levels`)
}

func TestAliases(t *testing.T) {
	t.Parallel()
	var bomb strings.Builder
	bomb.WriteString("x-a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 9; i++ {
		bomb.WriteString("x-a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.Repeat("*a"+string(rune('0'+i-1))+",", 10) + "]\n")
	}
	f := findings(bomb.String() + "vars: { a: *a8 }\n")
	if len(f) != 1 || !strings.Contains(f.Error(), "aliases expand to too many values") {
		t.Errorf("bomb: %s", f.Error())
	}
	set := load(t, `
x-base: &base { text: "from base", level: high }
x-more: &more { level: low, count: 9 }
rules:
  - name: r
    event: &ev "*"
    actions:
      - note: &n { <<: [*base, *more], count: 5 }
      - note: *n
      - note: { <<: *n, text: own }
  - { name: r2, event: *ev, actions: [ { note: *base } ] }
`)
	var got []string
	for _, s := range set.Rules[0].Actions {
		n := s.Action.(*note)
		literal, _ := n.noteParams.Text.Literal()
		got = append(got, literal, n.Level, string(rune('0'+n.Count)))
	}
	if diff := cmp.Diff([]string{"from base", "high", "5", "from base", "high", "5", "own", "high", "5"}, got); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
}

func TestReportKeepsTheCaretInPlace(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	f := findings("rules:\r\n  - name: r\r\n    event:\t'*'\r\n    when:\tmeeting.idd == \"" + long + "\"\r\n    actions: [ { note: { text: \"" + long + "${{ meeting.idd }}" + long + "\" } } ]\r\n")
	lines := strings.Split(printed(f), "\n")
	if len(f) != 2 {
		t.Fatalf("findings:\n%s", printed(f))
	}
	for i := 1; i < len(lines); i += 3 {
		if at := strings.Index(lines[i+1], "^^^"); at < 0 || len([]rune(lines[i])) > 124 || string([]rune(lines[i])[len([]rune(lines[i+1][:at])):][:3]) != "idd" {
			t.Errorf("caret is off:\n%s\n%s", lines[i], lines[i+1])
		}
		if strings.ContainsRune(lines[i], '\r') {
			t.Errorf("carriage return in %q", lines[i])
		}
	}
	if !bytes.ContainsRune([]byte(lines[2]), '\t') {
		t.Errorf("tab lost: %q", lines[2])
	}
}
