package live_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/rules/text"
)

// watched is a Live over files that are watched. A file's lines are its rules;
// the line BAD is an error.
type watched struct {
	t     *testing.T
	live  *live.Live
	mu    sync.Mutex
	taken []string // every set that came into force, as its rules' names
	loads int
}

// watch starts to watch; the poll is so rare that it cannot help unless
// configured.
func watch(t *testing.T, w live.Watcher) *watched {
	t.Helper()
	x := &watched{t: t}
	x.live = live.New(func() (*rules.Set, text.Findings) {
		x.mu.Lock()
		x.loads++
		x.mu.Unlock()
		return loadLines(w.Paths)
	}, func(s *rules.Set, _ time.Time) error {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.taken = append(x.taken, names(s))
		return nil
	})
	w.Live = x.live
	if w.Quiet == 0 {
		w.Quiet = 20 * time.Millisecond
	}
	if w.Poll == 0 {
		w.Poll = time.Hour
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	})
	return x
}

func loadLines(paths []string) (*rules.Set, text.Findings) {
	s := &rules.Set{}
	h := sha256.New()
	for _, p := range paths {
		files := []string{p}
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			files, _ = filepath.Glob(filepath.Join(p, "*.yaml"))
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				return nil, bad(err.Error())
			}
			h.Write(content)
			for line := range strings.FieldsSeq(string(content)) {
				if line == "BAD" {
					return nil, bad("BAD")
				}
				s.Rules = append(s.Rules, &rules.Rule{Name: line})
			}
		}
	}
	s.Revision = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

func names(s *rules.Set) string {
	if s == nil {
		return ""
	}
	var out []string
	for _, r := range s.Rules {
		out = append(out, r.Name)
	}
	return strings.Join(out, " ")
}

// until waits for a state of the Live.
func (x *watched) until(what string, reached func(live.Status) bool) {
	x.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		changed := x.live.Changed()
		if reached(x.live.Status()) {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			x.t.Fatalf("not reached: %s; in force is %q, status %+v", what, names(x.live.Current()), x.live.Status())
		}
	}
}

func (x *watched) untilRules(want string) {
	x.t.Helper()
	x.until("rules "+want, func(s live.Status) bool { return s.OK && names(x.live.Current()) == want })
}

func (x *watched) untilRefused(keeps string) {
	x.t.Helper()
	x.until("refusal", func(s live.Status) bool { return !s.OK && s.Failures > 0 })
	if got := names(x.live.Current()); got != keeps {
		x.t.Fatalf("after a refusal %q is in force, want %q", got, keeps)
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
