package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	reference = regexp.MustCompile(`(?m)^\[[^\]]+\]: (\S+)$`)
)

// TestLinksLead looks up every link to a file or a heading of this project.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	headings := map[string]map[string]bool{}
	all := documents(t)
	for _, d := range all {
		headings[d.path] = headingsOf(d)
	}
	for _, d := range all {
		for _, m := range append(link.FindAllStringSubmatch(d.prose(), -1), reference.FindAllStringSubmatch(d.prose(), -1)...) {
			target, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				if !strings.HasPrefix(target, "https://") {
					t.Errorf("%s: %s is no https address", d.path, m[1])
				}
				continue
			}
			file := d.path
			if target != "" {
				file = path.Join(path.Dir(d.path), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: link to %s: there is no %s", d.path, m[1], file)
				continue
			}
			if fragment != "" && !headings[file][fragment] {
				t.Errorf("%s: link to %s: %s has no such heading", d.path, m[1], file)
			}
		}
	}
}

// headingsOf returns the names under which GitHub knows the headings.
func headingsOf(d document) map[string]bool {
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(d.prose(), -1) {
		name := strings.ToLower(m[1])
		name = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(name, "")
		names[strings.ReplaceAll(name, " ", "-")] = true
	}
	return names
}

var repositoryPath = regexp.MustCompile(`^\.?[\w-]+(?:/[\w.-]+)+/?$`)

// TestPathsExist looks up what looks like a path of the source tree.
func TestPathsExist(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		for _, span := range codeSpans(d) {
			if !repositoryPath.MatchString(span) {
				continue
			}
			top, _, _ := strings.Cut(span, "/")
			if _, err := os.Stat(filepath.Join(root, top)); err != nil {
				continue // not ours
			}
			if _, err := os.Stat(filepath.Join(root, span)); err != nil {
				t.Errorf("%s: there is no %s", d.path, span)
			}
		}
	}
}

// TestReadmeIsShort keeps the README to what a visitor reads, with something
// to run at the top.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	d := readDocument(t, "README.md")
	if n := strings.Count(d.text, "\n"); n > 150 {
		t.Errorf("the README has %d lines, more than 150", n)
	}
	if len(d.blocks) == 0 || d.blocks[0].lang != "sh" || d.blocks[0].line > 30 {
		t.Error("the first block of the README must be one to run, above line 30")
	}
}
