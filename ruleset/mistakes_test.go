package ruleset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// TestMistakes looks at what authors read when they get a file wrong: each file
// of mistakes.txtar has one usual mistake, and mistakes.txt holds the answers.
func TestMistakes(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/mistakes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) < 60 {
		t.Fatalf("only %d files", len(archive.Files))
	}
	dir := t.TempDir()
	var got strings.Builder
	for _, f := range archive.Files {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, findings := ruleset.Load(ruleset.Options{Paths: []string{path}, Environ: []string{"SLACK_BOT_TOKEN=xoxb-0"}})
		if len(findings) == 0 {
			t.Errorf("%s: nothing is said of it:\n%s", f.Name, f.Data)
		}
		for i := range findings {
			findings[i].Pos.File = strings.TrimPrefix(findings[i].Pos.File, dir+string(filepath.Separator))
		}
		if err := findings.Text(&got); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/mistakes.txt"
	answers := strings.ReplaceAll(got.String(), dir+string(filepath.Separator), "")
	if *updateSchema {
		if err := os.WriteFile(golden, []byte(answers), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), answers); diff != "" {
		t.Errorf("%s differs; write it with go test ./ruleset -run TestMistakes -update (-file +program):\n%s", golden, diff)
	}
}

// TestMistakesOfEditors is about what editors of other systems put into files:
// none of it moves the place that is pointed at.
func TestMistakesOfEditors(t *testing.T) {
	t.Parallel()
	const file = "rules:\n  - name: r\n    event: \"*\"\n    when: meeting.idd == \"\"\n    actions: [{ log: { message: hi } }]\n"
	check := func(name string, content []byte, line, column int, message string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "rules.yaml")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, findings := ruleset.Load(ruleset.Options{Paths: []string{path}})
		want := text.Position{File: path, Line: line, Column: column}
		if len(findings) != 1 || findings[0].Pos != want || !strings.HasPrefix(findings[0].Message, message) {
			t.Errorf("%s: got %v, want %q at %s", name, findings, message, want)
		}
	}
	check("plain", []byte(file), 4, 19, "unknown field")
	check("byte order mark", []byte("\ufeff"+file), 4, 19, "unknown field")
	check("carriage returns and line feeds", []byte(strings.ReplaceAll(file, "\n", "\r\n")), 4, 19, "unknown field")
	check("carriage returns", []byte(strings.ReplaceAll(file, "\n", "\r")), 4, 19, "unknown field")
	check("Latin-1", []byte(strings.Replace(file, `""`, "\"Gr\xf6\xdfe\"", 1)), 4, 0, "not valid UTF-8")
	check("UTF-16", append([]byte{0xff, 0xfe}, strings.ReplaceAll(file, "", "\x00")...), 1, 0, "the file is UTF-16")
	check("zero bytes", []byte(strings.Replace(file, "idd", "i\x00d", 1)), 4, 0, "not a text file")
}
