package sqlite_test

import (
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

type kind int

const (
	written kind = iota
	truncate
	fileSync
	create
	unlink
	folderSync
	answer
)

// operation is one thing that a process did to its files, or an answer that it
// gave.
type operation struct {
	kind kind
	name string // of the file in its folder; of an answer, the event's id
	at   int64  // place of a write, new size of a truncation
	data []byte
}

// call is a line of strace: 17 pwrite64(7</x/gavel.db-wal>, "…", 24, 0) = 24.
type call struct {
	thread, name, args, result string
}

const unfinished = " <unfinished ...>"

// callIn reads a line. A call that was interrupted by another thread's has two
// lines, the second with the rest of the arguments.
func callIn(line string) (c call, begun, resumed bool) {
	thread, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimLeft(rest, " ")
	c.thread = thread
	if after, ok := strings.CutPrefix(rest, "<... "); ok {
		name, args, _ := strings.Cut(after, " resumed>")
		c.name, rest, resumed = name, args, true
	} else {
		c.name, rest, _ = strings.Cut(rest, "(")
	}
	if args, ok := strings.CutSuffix(rest, unfinished); ok {
		c.args = args
		return c, true, resumed
	}
	if at := strings.LastIndex(rest, ")"); at >= 0 {
		_, c.result, _ = strings.Cut(rest[at:], "= ")
		c.args = rest[:at]
	}
	return c, false, resumed
}

// operations reads what strace has written. A call counts when it has returned,
// an answer when it was begun.
func operations(t *testing.T, trace, dir string) []operation {
	t.Helper()
	var done []operation
	begun := map[string]string{} // arguments by thread
	there := map[string]bool{}
	for line := range strings.Lines(trace) {
		c, unfinished, resumed := callIn(strings.TrimSuffix(line, "\n"))
		if id := answered(c); id != "" && !resumed {
			done = append(done, operation{kind: answer, name: id})
		}
		if unfinished {
			begun[c.thread] = c.args
			continue
		}
		if resumed {
			c.args = begun[c.thread] + c.args
		}
		if c.result == "" || strings.HasPrefix(c.result, "-") {
			continue
		}
		if o, ok := fileOperation(t, c, dir, there); ok {
			done = append(done, o)
		}
	}
	if len(done) < 100 {
		t.Fatalf("strace shows %d operations", len(done))
	}
	return done
}

func fileOperation(t *testing.T, c call, dir string, there map[string]bool) (o operation, ok bool) {
	t.Helper()
	inside := func(path string) bool {
		name, below := strings.CutPrefix(plain(path), dir+"/")
		o.name = name
		return below && !strings.HasSuffix(name, "-shm") && !strings.HasSuffix(name, ".lock")
	}
	switch c.name {
	case "open", "openat":
		_, rest, _ := strings.Cut(c.args, `"`)
		path, how, _ := strings.Cut(rest, `"`)
		if !inside(path) || there[o.name] || !strings.Contains(how, "O_CREAT") {
			return o, false
		}
		there[o.name], o.kind = true, create
		return o, true
	case "unlink", "unlinkat":
		_, rest, _ := strings.Cut(c.args, `"`)
		if path, _, _ := strings.Cut(rest, `"`); !inside(path) {
			return o, false
		}
		there[o.name], o.kind = false, unlink
		return o, true
	}
	_, rest, _ := strings.Cut(c.args, "<")
	path, rest, _ := strings.Cut(rest, ">")
	if plain(path) == dir {
		return operation{kind: folderSync}, c.name == "fsync" || c.name == "fdatasync"
	}
	if !inside(path) {
		return o, false
	}
	parts := strings.Split(strings.TrimPrefix(rest, ", "), ", ")
	switch c.name {
	case "pwrite64":
		if len(parts) != 3 {
			t.Fatalf("strace shows a write to %s with %d arguments", o.name, len(parts))
		}
		o.kind, o.data, o.at = written, []byte(plain(strings.Trim(parts[0], `"`))), number(parts[2])
		if int64(len(o.data)) != number(parts[1]) {
			t.Fatalf("strace shows %d of %s bytes", len(o.data), parts[1])
		}
	case "ftruncate":
		o.kind, o.at = truncate, number(parts[0])
	case "fsync", "fdatasync":
		o.kind = fileSync
	default:
		t.Fatalf("a call of another kind on %s: %s", o.name, c.name)
	}
	return o, true
}

// answered is the event that a write to the standard output answers.
func answered(c call) string {
	if c.name != "write" || !strings.HasPrefix(c.args, "1<") {
		return ""
	}
	_, rest, _ := strings.Cut(c.args, `"`)
	text, _, _ := strings.Cut(rest, `"`)
	id, ok := strings.CutPrefix(plain(text), "answered ")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(id, "\n")
}

func plain(text string) string {
	if !strings.HasPrefix(text, `\x`) {
		return text
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, `\x`, ""))
	if err != nil {
		return text
	}
	return string(raw)
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// inode is a file, whatever its name is.
type inode struct{ done []operation }

// build writes the files as a power cut after these operations could have left
// them, and returns the events that were answered. Without syncs nothing that
// was written counts as safe.
func build(t *testing.T, dir string, done []operation, random *rand.Rand, syncs bool) (ids []string) {
	t.Helper()
	now := map[string]*inode{}  // the folder as processes see it
	safe := map[string]*inode{} // the folder on the disk
	var pending []func()        // changes to the folder that may get lost
	for _, o := range done {
		switch o.kind {
		case answer:
			ids = append(ids, o.name)
		case create:
			file := &inode{}
			now[o.name] = file
			pending = append(pending, func() { safe[o.name] = file })
		case unlink:
			delete(now, o.name)
			pending = append(pending, func() { delete(safe, o.name) })
		case folderSync:
			for _, change := range pending {
				change()
			}
			pending = nil
		default:
			now[o.name].done = append(now[o.name].done, o)
		}
	}
	for _, change := range pending[:random.IntN(len(pending)+1)] {
		change()
	}
	for name, file := range safe {
		if err := os.WriteFile(filepath.Join(dir, name), file.content(random, syncs), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// content is what the disk holds of a file.
func (f *inode) content(random *rand.Rand, syncs bool) []byte {
	synced := 0
	for i, o := range f.done {
		if o.kind == fileSync && syncs {
			synced = i
		}
	}
	var content []byte
	for _, o := range f.done[:synced] {
		content = o.apply(content, func() bool { return true }, 0)
	}
	likely := []float64{0, 0.1, 0.5, 0.9, 1}[random.IntN(5)]
	sector := []int64{512, 4096}[random.IntN(2)]
	for _, o := range f.done[synced:] {
		content = o.apply(content, func() bool { return random.Float64() < likely }, sector)
	}
	return content
}

// apply changes the content as far as the change reached the disk, which holds
// for each sector by itself.
func (o *operation) apply(content []byte, reached func() bool, sector int64) []byte {
	switch o.kind {
	case truncate:
		if reached() {
			content = resize(content, o.at)
		}
	case written:
		for from := int64(0); from < int64(len(o.data)); {
			to := int64(len(o.data))
			if sector > 0 {
				to = min(to, from+sector-(o.at+from)%sector)
			}
			if reached() {
				content = resize(content, max(int64(len(content)), o.at+to))
				copy(content[o.at+from:], o.data[from:to])
			}
			from = to
		}
	}
	return content
}

func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}
