package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReloadOfAFile changes a rules file in all the ways that editors and
// accidents do, while events flow.
func TestReloadOfAFile(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	file := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, file, tellTarget(g.URL, "first"))
	f := startFlow(t, g, file)
	f.live("first")

	write(t, file, tellTarget(g.URL, "rewritten"))
	f.live("rewritten")

	replace(t, file, tellTarget(g.URL, "replaced"))
	f.live("replaced")

	// As vim does with "backup": the old file is moved away first.
	must(t, os.Rename(file, file+"~"))
	write(t, file, tellTarget(g.URL, "saved-by-vim"))
	f.live("saved-by-vim")

	for _, bad := range []struct {
		name, content string
		what          []string
	}{
		{"a misspelt field", strings.Replace(tellTarget(g.URL, "x"), "meetingOwner", "meetingOwnr", 1), []string{"rules.yaml:4:19", "meetingOwnr", "did you mean"}},
		{"half a file", tellTarget(g.URL, "x")[:200], []string{"rules.yaml:"}},
		{"an empty file", "", []string{"rules.yaml", "no rules"}},
		{"50 MB", strings.Repeat("# nothing but this comment\n", 50<<20/27), []string{"rules.yaml", "too large", "50 MiB", "4.0 MiB"}},
		{"aliases that explode", yamlBomb(), []string{"rules.yaml:"}},
		{"a binary", "\x7fELF\x02\x01\x01\x00\x00\xff\xfe", []string{"rules.yaml:1", "not a text file"}},
		{"Latin-1", "rules:\n  - name: Z\xfcrich\n", []string{"rules.yaml:2", "not valid UTF-8"}},
		{"1,000 brackets", "rules: " + strings.Repeat("[", 1000), []string{"rules.yaml:"}},
	} {
		mark := len(f.p.Log())
		replace(t, file, bad.content)
		f.refused(bad.name, mark, bad.what...)
	}

	mark := len(f.p.Log())
	must(t, os.Remove(file))
	f.refused("no file", mark, "rules.yaml", "not found")
	mark = len(f.p.Log())
	must(t, os.Mkdir(file, 0o700))
	f.refused("a directory in its place", mark, "rules.yaml", "the directory has no rules files")
	must(t, os.Remove(file))
	write(t, file, tellTarget(g.URL, "last"))
	f.live("last")
	f.stop("first", "rewritten", "replaced", "saved-by-vim", "last")
}

// TestReloadOfADirectory adds, changes and removes files, while events flow.
func TestReloadOfADirectory(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	dir := t.TempDir()
	named := func(word string) string {
		return strings.Replace(tellTarget(g.URL, word), "tell-the-target", "tell-"+word, 1)
	}
	write(t, filepath.Join(dir, "a.yaml"), named("a"))
	f := startFlow(t, g, dir)
	f.live("a")

	write(t, filepath.Join(dir, "notes.txt"), "not rules at all {")
	write(t, filepath.Join(dir, ".a.yaml.swp"), "nor this [")
	write(t, filepath.Join(dir, "b.yaml"), strings.Replace(named("b"), "acme.example", "nobody.example", 1))
	mark := len(f.p.Log())
	write(t, filepath.Join(dir, "c.yaml"), named("a"))
	f.refused("a second rule of the same name", mark, "c.yaml:2:11", "a.yaml:2:11")
	replace(t, filepath.Join(dir, "c.yaml"), strings.Replace(named("c"), "acme.example", "nobody.example", 1))

	// What is renamed to another ending is gone.
	must(t, os.Rename(filepath.Join(dir, "c.yaml"), filepath.Join(dir, "c.off")))
	replace(t, filepath.Join(dir, "a.yaml"), named("moved"))
	f.live("moved")
	f.stop("a", "moved")
}

// TestReloadOfAConfigMap swaps the directory behind a link, as Kubernetes does.
func TestReloadOfAConfigMap(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	dir := t.TempDir()
	version := 0
	publish := func(rules string) {
		t.Helper()
		version++
		name := fmt.Sprintf("..version-%d", version)
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		write(t, filepath.Join(dir, name, "rules.yaml"), rules)
		must(t, os.Symlink(name, filepath.Join(dir, "..data_tmp")))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		if version > 1 {
			must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..version-%d", version-1))))
		}
	}
	publish(tellTarget(g.URL, "first"))
	must(t, os.Symlink("..data/rules.yaml", filepath.Join(dir, "rules.yaml")))
	f := startFlow(t, g, dir)
	f.live("first")
	publish(tellTarget(g.URL, "second"))
	f.live("second")
	mark := len(f.p.Log())
	publish(strings.Replace(tellTarget(g.URL, "bad"), "http:", "htpt:", 1))
	f.refused("a bad version", mark, "rules.yaml:6:9", "htpt", "did you mean")
	publish(tellTarget(g.URL, "third"))
	f.live("third")
	f.stop("first", "second", "third")
}

// TestReloadWaitsForTheWriter writes a file in two halves, of which the first
// is a valid file by itself.
func TestReloadWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, path, tellTarget(g.URL, "old"))
	f := startFlow(t, g, path)
	f.live("old")
	whole := tellTarget(g.URL, "half") + strings.Replace(strings.TrimPrefix(tellTarget(g.URL, "whole"), "rules:\n"), "tell-the-target", "another", 1)
	half := len(tellTarget(g.URL, "half"))
	file, err := os.Create(path)
	must(t, err)
	_, err = file.WriteString(whole[:half])
	must(t, err)
	<-time.After(700 * time.Millisecond) // far longer than the quiet that a reload waits for
	_, err = file.WriteString(whole[half:])
	must(t, err)
	must(t, file.Close())
	f.live("half whole")
	f.stop("old", "half whole")
}

// yamlBomb is a small file that would unfold to billions of items.
func yamlBomb() string {
	var b bytes.Buffer
	b.WriteString("vars:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 10 {
		fmt.Fprintf(&b, "  a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	b.WriteString("rules: *a10\n")
	return b.String()
}
