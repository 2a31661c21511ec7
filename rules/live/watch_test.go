package live_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/rules/live"
)

func TestWatchWriters(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, file, content string){
		"in place": write,
		"temporary file and rename": func(t *testing.T, file, content string) {
			write(t, file+".tmp", content)
			must(t, os.Rename(file+".tmp", file))
		},
		"old one moved away first": func(t *testing.T, file, content string) {
			must(t, os.Rename(file, file+"~"))
			write(t, file, content)
		},
		"removed and written again": func(t *testing.T, file, content string) {
			must(t, os.Remove(file))
			write(t, file, content)
		},
		"linked over": func(t *testing.T, file, content string) {
			target := filepath.Join(t.TempDir(), "elsewhere")
			write(t, target, content)
			must(t, os.Remove(file))
			must(t, os.Symlink(target, file))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "rules.yaml")
			write(t, file, "one")
			x := watch(t, live.Watcher{Paths: []string{file}})
			x.untilRules("one")
			change(t, file, "two")
			x.untilRules("two")
			change(t, file, "BAD")
			x.untilRefused("two")
			change(t, file, "")
			x.until("refusal of an empty file", func(s live.Status) bool {
				return !s.OK && strings.Contains(s.Findings.Error(), "there are no rules")
			})
			change(t, file, "three")
			x.untilRules("three")
			change(t, file, "four")
			x.untilRules("four")
		})
	}
}

// TestWatchConfigMap swaps directories the way Kubernetes does.
func TestWatchConfigMap(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "rules.yaml"} {
		t.Run("path "+path, func(t *testing.T) {
			t.Parallel()
			mount := t.TempDir()
			publish := func(version, content string) {
				must(t, os.Mkdir(filepath.Join(mount, version), 0o700))
				write(t, filepath.Join(mount, version, "rules.yaml"), content)
				must(t, os.Symlink(version, filepath.Join(mount, "..data_tmp")))
				old, _ := os.Readlink(filepath.Join(mount, "..data"))
				must(t, os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")))
				if old != "" {
					must(t, os.RemoveAll(filepath.Join(mount, old)))
				}
			}
			publish("..1", "one")
			must(t, os.Symlink("..data/rules.yaml", filepath.Join(mount, "rules.yaml")))
			x := watch(t, live.Watcher{Paths: []string{filepath.Join(mount, path)}})
			x.untilRules("one")
			publish("..2", "two")
			x.untilRules("two")
			publish("..3", "BAD")
			x.untilRefused("two")
			publish("..4", "four")
			x.untilRules("four")
		})
	}
}

func TestWatchDirectory(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir := filepath.Join(parent, "a", "rules")
	must(t, os.MkdirAll(dir, 0o700))
	write(t, filepath.Join(dir, "1.yaml"), "one")
	x := watch(t, live.Watcher{Paths: []string{dir}})
	x.untilRules("one")
	write(t, filepath.Join(dir, "2.yaml"), "two")
	x.untilRules("one two")
	must(t, os.Remove(filepath.Join(dir, "1.yaml")))
	x.untilRules("two")
	must(t, os.RemoveAll(dir))
	x.untilRefused("two")
	must(t, os.Mkdir(dir, 0o700))
	write(t, filepath.Join(dir, "3.yaml"), "three")
	x.untilRules("three")
	must(t, os.RemoveAll(filepath.Join(parent, "a")))
	x.untilRefused("three")
	must(t, os.MkdirAll(dir, 0o700))
	write(t, filepath.Join(dir, "4.yaml"), "four")
	x.untilRules("four")
	write(t, filepath.Join(dir, "4.yaml"), "five")
	x.untilRules("five")
}

// TestWatchMissing: what is watched need not exist at first.
func TestWatchMissing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later", "still")
	file := filepath.Join(dir, "rules.yaml")
	x := watch(t, live.Watcher{Paths: []string{file}})
	x.untilRefused("")
	must(t, os.MkdirAll(dir, 0o700))
	write(t, file, "one")
	x.untilRules("one")
}

// TestWatchStorm: thousands of changes, among them of files that do not
// matter, end in the last state and in few loads.
func TestWatchStorm(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "rules.yaml"), "start")
	x := watch(t, live.Watcher{Paths: []string{dir}})
	x.untilRules("start")
	for i := range 3000 {
		write(t, filepath.Join(dir, "rules.yaml"), fmt.Sprintf("rule-%d", i))
		write(t, filepath.Join(dir, fmt.Sprintf("notes-%d.txt", i%100)), "x")
	}
	x.untilRules("rule-2999")
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.loads > 300 {
		t.Errorf("%d loads for 3000 changes in a row", x.loads)
	}
}

// TestWatchBesideADatabase: a directory in which another file changes all the
// time is not watched any more, and changes to the rules are still found.
func TestWatchBesideADatabase(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"file", "directory"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "rules.yaml")
			write(t, file, "start")
			path := file
			if kind == "directory" {
				path = dir
			}
			told := make(chan struct{})
			log := slog.New(slog.NewTextHandler(lineFunc(func(line string) {
				if strings.Contains(line, "polling instead") {
					close(told)
				}
			}), &slog.HandlerOptions{Level: slog.LevelDebug}))
			x := watch(t, live.Watcher{Paths: []string{path}, Log: log})
			x.untilRules("start")
			for writing := true; writing; {
				write(t, filepath.Join(dir, "gavel.db-wal"), "x")
				select {
				case <-told:
					writing = false
				default:
				}
			}
			write(t, file, "changed")
			x.untilRules("changed")
			must(t, os.Rename(file, file+".old"))
			write(t, file, "made-anew")
			x.untilRules("made-anew")
		})
	}
}

// lineFunc gets what is written, a line at a time.
type lineFunc func(string)

func (f lineFunc) Write(line []byte) (int, error) {
	f(string(line))
	return len(line), nil
}

// TestWatchSameContents: what does not change the contents loads nothing.
func TestWatchSameContents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "rules.yaml")
	write(t, file, "one")
	x := watch(t, live.Watcher{Paths: []string{file}})
	x.untilRules("one")
	write(t, file, "one")
	must(t, os.Chtimes(file, time.Time{}, time.Unix(1, 0)))
	write(t, filepath.Join(dir, "other.yaml"), "BAD")
	write(t, file, "two")
	x.untilRules("two")
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.loads != 2 {
		t.Errorf("%d loads, want 2", x.loads)
	}
}

// TestWatchPoll: the slow look finds what no watched directory reports, here
// a link in the middle of a chain.
func TestWatchPoll(t *testing.T) {
	t.Parallel()
	home, middle, far := t.TempDir(), t.TempDir(), t.TempDir()
	for _, name := range []string{"one", "two"} {
		must(t, os.Mkdir(filepath.Join(far, name), 0o700))
		write(t, filepath.Join(far, name, "rules.yaml"), name)
	}
	link := filepath.Join(middle, "link")
	must(t, os.Symlink(filepath.Join(far, "one", "rules.yaml"), link))
	file := filepath.Join(home, "rules.yaml")
	must(t, os.Symlink(link, file))
	x := watch(t, live.Watcher{Paths: []string{file}, Poll: 30 * time.Millisecond})
	x.untilRules("one")
	must(t, os.Remove(link))
	must(t, os.Symlink(filepath.Join(far, "two", "rules.yaml"), link))
	x.untilRules("two")
}
