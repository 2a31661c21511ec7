package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCodesOfDoctor compares the documented codes of findings with those in the
// code.
func TestCodesOfDoctor(t *testing.T) {
	t.Parallel()
	var inCode []string
	add := func(pattern, prefix string, globs ...string) {
		for _, glob := range globs {
			files, err := filepath.Glob(filepath.Join(root, glob))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s: %v, %d files", glob, err, len(files))
			}
			for _, file := range files {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(raw), -1) {
					inCode = append(inCode, prefix+m[1])
				}
			}
		}
	}
	add(`\b(?:ok|warning|problem|look)\("([a-z-]+)"`, "", "checkup/*.go")
	add(`\bCode: "([a-z-]+)"`, "", "cmd/gavel/doctor/doctor.go")
	add(`\b(?:Code: |failed\()"([a-z-]+)"`, "connection-", "actions/*/probe.go", "actions/outbound/certificate.go")
	var inDocs []string
	for _, r := range tableBelow(t, readDocument(t, "docs/operating.md"), "Checking a setup") {
		inDocs = append(inDocs, strings.Split(r[0], "`, `")...)
	}
	slices.Sort(inCode)
	slices.Sort(inDocs)
	if inCode = slices.Compact(inCode); !slices.Equal(inCode, inDocs) {
		t.Errorf("documented are\n%v\nand the code has\n%v", inDocs, inCode)
	}
}
