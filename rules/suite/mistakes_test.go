package suite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestSuiteMistakes: each file of testdata/mistakes.txtar ends in what is said
// of it. A mistake is told at its place, with what to write instead, and what
// is sound is not called wrong.
func TestSuiteMistakes(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/mistakes.txtar")
	if err != nil || len(archive.Files) < 80 {
		t.Fatalf("%d files: %v", len(archive.Files), err)
	}
	for _, f := range archive.Files {
		content, said, _ := strings.Cut(string(f.Data), "#! ")
		want := strings.TrimSuffix(strings.ReplaceAll(said, "\n#! ", "\n"), "\n")
		s, found := suite.Load(text.Source{Name: "t", Content: []byte(content)})
		if (s == nil) != found.HasErrors() {
			t.Errorf("%s: suite %v with findings %s", f.Name, s, found.Error())
		}
		if diff := cmp.Diff(want, found.Error()); diff != "" {
			t.Errorf("%s\n%s(-want +got):\n%s", f.Name, content, diff)
		}
	}
	if s, f := suite.Load(text.Source{Name: "t", Content: []byte("a: \x00")}); s != nil || f.Error() != "t:1: not a text file: contains a zero byte; save it as UTF-8" {
		t.Errorf("no text: %v, %s", s, f.Error())
	}
}
