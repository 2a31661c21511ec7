package format_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/format"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestFormatOfAllFiles formats every YAML file of the repository that can be
// formatted, and variants of it with comments everywhere: each comment stays,
// the meaning stays, and a second time nothing changes.
func TestFormatOfAllFiles(t *testing.T) {
	t.Parallel()
	formatted := 0
	for _, path := range yamlFiles(t, "../..") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{
			"as it is": string(raw), "line feeds": strings.ReplaceAll(string(raw), "\n", "\r\n"), "commented": commented(string(raw)),
		} {
			if keepsAll(t, path+" "+name, content) {
				formatted++
			}
		}
	}
	if formatted < 20 {
		t.Errorf("only %d files were formatted; does the test still see them?", formatted)
	}
}

func yamlFiles(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".yaml" && !strings.HasPrefix(d.Name(), ".") {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// commented puts a comment above every key or item that begins a line.
func commented(s string) string {
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		if strings.HasPrefix(trimmed, "- name:") || strings.HasPrefix(trimmed, "actions:") || strings.HasPrefix(trimmed, "event:") {
			b.WriteString(strings.Repeat(" ", len(line)-len(trimmed)) + "# above line " + string(rune('A'+i%26)) + "\n")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// keepsAll reports whether the file could be formatted at all.
func keepsAll(t *testing.T, name, in string) bool {
	t.Helper()
	out, findings := format.Format(text.Source{Name: "rules.yaml", Content: []byte(in)})
	if findings.HasErrors() {
		return false
	}
	var before, after any
	if yaml.Unmarshal([]byte(in), &before) != nil {
		return false // a key that stands twice: what it means cannot be compared
	}
	if err := yaml.Unmarshal(out, &after); err != nil {
		t.Errorf("%s: it is no YAML any more: %v", name, err)
		return true
	}
	if diff := cmp.Diff(timesAsTexts(before), timesAsTexts(after), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("%s: it means something else (-before +after):\n%s", name, diff)
	}
	if diff := cmp.Diff(comments(t, in), comments(t, string(out))); diff != "" {
		t.Errorf("%s: comments differ (-before +after):\n%s", name, diff)
	}
	again, _ := format.Format(text.Source{Name: "rules.yaml", Content: out})
	if diff := cmp.Diff(string(out), string(again)); diff != "" {
		t.Errorf("%s: a second time it changes again:\n%s", name, diff)
	}
	return true
}

// timesAsTexts makes a time written without quotes the text that rules see.
func timesAsTexts(v any) any {
	switch x := v.(type) {
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case map[string]any:
		for k := range x {
			x[k] = timesAsTexts(x[k])
		}
	case []any:
		for i := range x {
			x[i] = timesAsTexts(x[i])
		}
	}
	return v
}

// comments lists the lines of all comments, sorted.
func comments(t *testing.T, s string) []string {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(s), &root); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(c) {
				if line = strings.TrimSpace(line); line != "" {
					out = append(out, line)
				}
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(&root)
	slices.Sort(out)
	return out
}
