package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestConsoleBlocks runs the lines that begin with "$ " in console blocks, in
// a folder with the files that YAML blocks of the same document name in their
// first line, and compares what they print with what stands below. "…" in a
// line stands for any text.
func TestConsoleBlocks(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, d := range documents(t) {
		var dir string
		for _, b := range d.blocks {
			if b.lang != "console" {
				continue
			}
			if dir == "" {
				dir = workshop(t, d)
			}
			ran++
			if b.before != "" {
				shell(t, dir, d, b.before)
			}
			runTranscript(t, dir, d, b)
		}
	}
	if ran == 0 {
		t.Error("there is no console block; does the test still see them?")
	}
}

var fileName = regexp.MustCompile(`^# (\S+\.(?:yaml|json))\n`)

// workshop makes a folder with the program and the files of a document.
func workshop(t *testing.T, d document) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(testkit.Binary(t), filepath.Join(dir, "gavel")); err != nil {
		t.Fatal(err)
	}
	for _, b := range d.blocks {
		if m := fileName.FindStringSubmatch(b.text); m != nil {
			if err := os.WriteFile(filepath.Join(dir, m[1]), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func runTranscript(t *testing.T, dir string, d document, b block) {
	t.Helper()
	commands := strings.Split("\n"+b.text, "\n$ ")[1:]
	for _, c := range commands {
		line, want, _ := strings.Cut(c, "\n")
		got := shell(t, dir, d, line)
		if !matches(strings.TrimRight(want, "\n"), strings.TrimRight(got, "\n")) {
			t.Errorf("%s:%d: %s prints something else (-document +program):\n%s", d.path, b.line, line, cmp.Diff(want, got))
		}
	}
}

// shell runs one line with a value for every variable that the document's
// rules name.
func shell(t *testing.T, dir string, d document, line string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"), "TZ=UTC")
	for _, m := range regexp.MustCompile(`\benv\.([A-Z][A-Z0-9_]*)`).FindAllStringSubmatch(d.text, -1) {
		cmd.Env = append(cmd.Env, m[1]+"="+valueFor(m[1], ""))
	}
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatalf("%s: %v", line, err)
	}
	return string(out)
}

func matches(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*")
	ok, err := regexp.MatchString("^"+pattern+"$", got)
	return err == nil && ok
}
