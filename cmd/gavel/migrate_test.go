package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhoMigrates: a command that reads must not change a schema that older
// programs use at the same time.
func TestWhoMigrates(t *testing.T) {
	t.Parallel()
	changes := regexp.MustCompile(`\bvault\.(Migrate|Serve|OpenServing|Upgrade)\b`)
	found := map[string]bool{}
	for _, dir := range []string{"app", "cmd", "console", "desk"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if changes.Match(text) {
				found[strings.TrimPrefix(filepath.ToSlash(path), "../../")] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{"app/app.go": true, "cmd/gavel/migrate.go": true}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("only serve and migrate may change a schema (-want +got)\n%s", diff)
	}
}
