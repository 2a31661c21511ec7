package sqlite_test

import (
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
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

var (
	whole   = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+)`)
	started = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	resumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)`)
	onFile  = regexp.MustCompile(`^\d+<([^>]*)>(?:, "([^"]*)"(?:\.\.\.)?)?(?:, (\d+))?(?:, (\d+))?$`)
	opened  = regexp.MustCompile(`"([^"]*)", ([A-Z_|]+)`)
	removed = regexp.MustCompile(`"([^"]*)"`)
)

// operations reads what strace has written. A call counts when it has returned,
// an answer when it was begun.
func operations(t *testing.T, trace, dir string) []operation {
	t.Helper()
	var done []operation
	begun := map[string]string{} // arguments by thread
	there := map[string]bool{}
	for line := range strings.Lines(trace) {
		line = strings.TrimSuffix(line, "\n")
		var call, args string
		switch {
		case started.MatchString(line):
			m := started.FindStringSubmatch(line)
			begun[m[1]] = m[3]
			if id := answered(m[2], m[3]); id != "" {
				done = append(done, operation{kind: answer, name: id})
			}
			continue
		case resumed.MatchString(line):
			m := resumed.FindStringSubmatch(line)
			call, args = m[2], begun[m[1]]+m[3]
			if strings.HasPrefix(m[4], "-") || answered(call, args) != "" {
				continue
			}
		case whole.MatchString(line):
			m := whole.FindStringSubmatch(line)
			call, args = m[2], m[3]
			if strings.HasPrefix(m[4], "-") {
				continue
			}
			if id := answered(call, args); id != "" {
				done = append(done, operation{kind: answer, name: id})
				continue
			}
		default:
			continue
		}
		if o, ok := fileOperation(t, call, args, dir, there); ok {
			done = append(done, o)
		}
	}
	if len(done) < 100 {
		t.Fatalf("strace shows %d operations", len(done))
	}
	return done
}

func fileOperation(t *testing.T, call, args, dir string, there map[string]bool) (o operation, ok bool) {
	t.Helper()
	inside := func(path string) bool {
		o.name = strings.TrimPrefix(plain(path), dir+"/")
		return o.name != plain(path) && !strings.HasSuffix(o.name, "-shm") && !strings.HasSuffix(o.name, ".lock")
	}
	switch call {
	case "open", "openat":
		m := opened.FindStringSubmatch(args)
		if m == nil || !inside(m[1]) || there[o.name] || !strings.Contains(m[2], "O_CREAT") {
			return o, false
		}
		there[o.name], o.kind = true, create
		return o, true
	case "unlink", "unlinkat":
		m := removed.FindStringSubmatch(args)
		if m == nil || !inside(m[1]) {
			return o, false
		}
		there[o.name], o.kind = false, unlink
		return o, true
	}
	m := onFile.FindStringSubmatch(args)
	if m == nil {
		return o, false
	}
	if plain(m[1]) == dir {
		return operation{kind: folderSync}, call == "fsync" || call == "fdatasync"
	}
	if !inside(m[1]) {
		return o, false
	}
	switch call {
	case "pwrite64":
		o.kind, o.data, o.at = written, []byte(plain(m[2])), number(m[4])
		if int64(len(o.data)) != number(m[3]) {
			t.Fatalf("strace shows %d of %s bytes", len(o.data), m[3])
		}
	case "ftruncate":
		o.kind, o.at = truncate, number(m[3])
	case "fsync", "fdatasync":
		o.kind = fileSync
	default:
		t.Fatalf("a call of another kind on %s: %s", o.name, call)
	}
	return o, true
}

// answered is the event that a write to the standard output answers.
func answered(call, args string) string {
	m := onFile.FindStringSubmatch(strings.TrimSuffix(args, " <unfinished ...>"))
	if call != "write" || m == nil {
		return ""
	}
	id, ok := strings.CutPrefix(plain(m[2]), "answered ")
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
