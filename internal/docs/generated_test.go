package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/params"
)

// TestGeneratedParts compares what stands between "<!-- made: NAME -->" and
// "<!-- end -->" with what the code says now, or writes it with -update.
func TestGeneratedParts(t *testing.T) {
	t.Parallel()
	parts := map[string]func(*testing.T) string{
		"kinds":     kindReference,
		"functions": func(*testing.T) string { return functionTable() },
		"own":       func(*testing.T) string { return ownTables() },
		"serve":     func(t *testing.T) string { return flagTable(commandTree(t)["serve"]) },
	}
	made := map[string]bool{}
	for _, d := range documents(t) {
		want := madePart.ReplaceAllStringFunc(d.text, func(old string) string {
			name := madePart.FindStringSubmatch(old)[1]
			write, known := parts[name]
			if !known {
				t.Errorf("%s: nobody makes the part %q", d.path, name)
				return old
			}
			made[name] = true
			return fmt.Sprintf("<!-- made: %s -->\n%s<!-- end -->", name, write(t))
		})
		if *update && want != d.text {
			if err := os.WriteFile(filepath.Join(root, d.path), []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(d.text, want); diff != "" {
			t.Errorf("%s is out of date; run go test ./internal/docs -update (-now +made):\n%s", d.path, diff)
		}
	}
	for name := range parts {
		if !made[name] {
			t.Errorf("no document holds the part %q", name)
		}
	}
}

var madePart = regexp.MustCompile(`(?s)<!-- made: (\w+) -->\n.*?<!-- end -->`)

// kindReference is the reference of actions and connections, with the files of
// docs/examples.
func kindReference(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs/examples/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	examples := map[string]string{}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		examples[strings.Replace(name, "connection-", "connection ", 1)] = string(content)
	}
	all := kinds()
	text := referenceOf(all, examples)
	for name, example := range examples {
		if !strings.Contains(text, strings.TrimSpace(example)) {
			t.Errorf("docs/examples: there is no kind for %q", name)
		}
	}
	for _, k := range all.Actions {
		if examples[k.Name] == "" {
			t.Errorf("action %s has no example; write docs/examples/%s.yaml", k.Name, k.Name)
		}
	}
	for _, k := range all.Connections {
		if examples["connection "+k.Name] == "" {
			t.Errorf("connection %s has no example; write docs/examples/connection-%s.yaml", k.Name, k.Name)
		}
	}
	return text
}

func kinds() params.Kinds { return actions.Kinds(actions.Deps{}) }

// TestEveryParameterHasWords keeps the reference from showing a bare key.
func TestEveryParameterHasWords(t *testing.T) {
	t.Parallel()
	for i, line := range strings.Split(referenceOf(kinds(), nil), "\n") {
		if strings.HasPrefix(line, "| `") && strings.HasSuffix(line, "|  |") {
			t.Errorf("line %d of the reference has no meaning; add a doc tag: %s", i+1, line)
		}
	}
}

// ownTables are the types of Gavel's own events and their facts.
func ownTables() string {
	var b strings.Builder
	b.WriteString("| type | when | facts besides `text` and `url` |\n|---|---|---|\n")
	for _, k := range own.Kinds() {
		if k.ForRule {
			continue
		}
		facts := strings.Join(slices.DeleteFunc(slices.Clone(k.Fields), func(f string) bool { return f == "text" || f == "url" }), "`, `")
		fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", k.Type, k.Doc, facts)
	}
	b.WriteString("\n| fact | type | what it is |\n|---|---|---|\n")
	for f := range reflect.TypeFor[own.Facts]().Fields() {
		kind := map[string]string{"string": "text", "int": "number", "struct": "time"}[f.Type.Kind().String()]
		fmt.Fprintf(&b, "| `gavel.%s` | %s | %s |\n", f.Tag.Get("expr"), kind, f.Tag.Get("doc"))
	}
	return b.String()
}

// flagTable writes the flags of a command with their environment twins.
func flagTable(c command) string {
	var b strings.Builder
	b.WriteString("| flag | environment variable | default | meaning |\n|---|---|---|---|\n")
	for _, f := range c.flags {
		if f.name == "help" {
			continue
		}
		def := f.def
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", f.name, f.twin(), def, strings.ReplaceAll(f.usage, "|", `\|`))
	}
	return b.String()
}
