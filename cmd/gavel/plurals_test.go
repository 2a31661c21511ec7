package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOneIsNoPlural finds numbers that stand before a plural whatever they are:
// "1 runs". Templates have plural for that, commands terminal.Counted. A bound
// ("at most 100 runs") is never one.
func TestOneIsNoPlural(t *testing.T) {
	t.Parallel()
	const nouns = `(?:more |failed |waiting )?(?:runs|events|rules|requests|messages|attempts|actions|errors|warnings|days|hours|minutes|seconds|calls|connections|meetings|files|times|findings|failures|issues|deliveries|tries|arguments)\b`
	for dir, bad := range map[string]*regexp.Regexp{
		".":                   regexp.MustCompile(`(?:at most )?%d ` + nouns),
		"../../console/theme": regexp.MustCompile(`\{\{(?:number )?[.$][^{}"]*\}\} ` + nouns),
		"../../report/sheet":  regexp.MustCompile(`\{\{(?:number )?[.$][^{}"]*\}\} ` + nouns),
	} {
		files := 0
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			ext := filepath.Ext(path)
			if err != nil || d.IsDir() || ext != ".go" && ext != ".html" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			content, err := os.ReadFile(path)
			for _, found := range bad.FindAllString(string(content), -1) {
				if strings.HasPrefix(found, "at most ") {
					continue
				}
				t.Errorf("%s: %q also says so of 1", path, found)
			}
			return err
		})
		if err != nil || files < 3 {
			t.Errorf("%s: %d files, %v", dir, files, err)
		}
	}
}
