package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// flow sends events one after the other while a test changes the rules, and
// then compares what was acknowledged with what the target was told.
type flow struct {
	t      *testing.T
	p      *testkit.Process
	g      *target
	cancel chan struct{}
	done   sync.WaitGroup
	sent   int
}

// startFlow starts a process on the rules at path and a client that sends
// until stop is called. Its number of events is bounded.
func startFlow(t *testing.T, g *target, path string) *flow {
	t.Helper()
	f := &flow{t: t, g: g, cancel: make(chan struct{})}
	f.p = testkit.Start(t, testkit.Serve{RulesFile: path})
	f.done.Go(func() {
		pace := time.NewTicker(4 * time.Millisecond)
		defer pace.Stop()
		for f.sent < 20_000 {
			select {
			case <-f.cancel:
				return
			case <-pace.C:
			}
			a, err := f.p.Post(canceled(t, fmt.Sprintf("flow-%05d", f.sent)))
			if err != nil || a.Status != "accepted" {
				t.Errorf("event %d: %+v, %v", f.sent, a, err)
				return
			}
			f.sent++
		}
	})
	return f
}

// live waits until events are handled by the rules that say these words.
func (f *flow) live(words string) {
	f.t.Helper()
	testkit.Eventually(f.t, "events are handled by the rules "+words, func() bool {
		for _, had := range f.words() {
			if had == words {
				return true
			}
		}
		return false
	})
}

// refused waits until the log tells that the rules on disk are bad, with all
// of what, and checks that the old rules go on.
func (f *flow) refused(change string, mark int, what ...string) {
	f.t.Helper()
	before := f.g.last()
	testkit.Eventually(f.t, "the log tells of "+change, func() bool {
		for line := range strings.Lines(f.p.Log()[mark:]) {
			if strings.Contains(line, `level=ERROR msg="rules not reloaded, the previous rules stay active"`) && containsAll(line, what) {
				return true
			}
		}
		return false
	})
	testkit.Eventually(f.t, "events went on after "+change, func() bool { return f.g.last().EventID > before.EventID })
	if now := f.g.last(); now.Body != before.Body {
		f.t.Errorf("after %s events are handled by %s, want %s", change, now.Body, before.Body)
	}
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// words returns what the target was told for each event, sorted.
func (f *flow) words() map[string]string {
	lists := map[string][]string{}
	for _, c := range f.g.all() {
		lists[c.EventID] = append(lists[c.EventID], strings.TrimSuffix(strings.TrimPrefix(c.Body, `{"word":"`), `"}`))
	}
	per := map[string]string{}
	for id, list := range lists {
		slices.Sort(list)
		per[id] = strings.Join(list, " ")
	}
	return per
}

// stop ends the flow. Every event must have been handled by exactly one of the
// rule sets, in the order in which they came into force.
func (f *flow) stop(order ...string) {
	f.t.Helper()
	close(f.cancel)
	f.done.Wait()
	testkit.Eventually(f.t, "every run ended", func() bool {
		return len(listRuns(f.t, f.p, "--status", "pending,waiting,running")) == 0
	})
	if code := f.p.Stop(); code != 0 {
		f.t.Errorf("exit code %d, want 0", code)
	}
	per, at := f.words(), 0
	handled := map[string]int{}
	for n := range f.sent {
		words := per[fmt.Sprintf("flow-%05d", n)]
		for at < len(order)-1 && words != order[at] {
			at++
		}
		if words != order[at] {
			f.t.Fatalf("event %d of %d was handled by %q, which is not next in %q", n, f.sent, words, order)
		}
		handled[words]++
	}
	f.t.Logf("%d events, by rules: %v", f.sent, handled)
	if len(handled) != len(unique(order)) {
		f.t.Errorf("some rules handled no event: %v of %q", handled, order)
	}
}

func unique(list []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return set
}

// write writes a file in place.
func write(t *testing.T, path, content string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

// replace puts a new file in the place of an old one.
func replace(t *testing.T, path, content string) {
	t.Helper()
	write(t, path+".tmp", content)
	must(t, os.Rename(path+".tmp", path))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
