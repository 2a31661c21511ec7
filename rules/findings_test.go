package rules_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

var update = flag.Bool("update", false, "write the golden files")

// Each testdata/findings/*.yaml has a .txt with what is said of it.
func TestFindings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/findings/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			set, f := rules.Load([]text.Source{{Name: name, Content: content}}, rules.Options{Kinds: kinds(), Env: env()})
			if (set == nil) != f.HasErrors() {
				t.Errorf("set is nil: %t, errors: %t", set == nil, f.HasErrors())
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", printed(f))
		})
	}
}
