package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/live"
)

// narrator prints what happens. It is the engine's observer and knows when all
// started runs have ended.
type narrator struct {
	w io.Writer

	mu      sync.Mutex
	started int
	ended   int
	failed  int
	changed chan struct{} // closed and replaced at every change
}

// say prints one line, safe for a terminal.
func (n *narrator) say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintln(terminal.SafeWriter(n.w), fmt.Sprintf(format, args...))
}

// EventTaken implements engine.Observer.
func (n *narrator) EventTaken(ev *event.Event, receipt event.Receipt, matched int) {
	n.say("  event %s accepted and on disk; %s", ev.ID, terminal.Counted(matched, "rule matches", "rules match"))
	n.count(receipt.Created, 0, 0)
}

// AttemptEnded implements engine.Observer.
func (n *narrator) AttemptEnded(run *event.Run, a *event.Attempt) {
	if a.Action < 0 {
		return
	}
	line := fmt.Sprintf("  rule %s, action %s: %s", run.Rule, a.ActionID, a.Outcome)
	if a.Reason != "" {
		line += " (" + a.Reason + ")"
	}
	n.say("%s", line)
}

// RunChanged implements engine.Observer.
func (n *narrator) RunChanged(run *event.Run) {
	if !run.Status.Done() {
		return
	}
	failed := 0
	if run.Status == event.StatusFailed {
		failed = 1
		n.say("  rule %s failed: %s", run.Rule, run.Reason)
	}
	n.count(0, 1, failed)
}

// Claimed implements engine.Observer.
func (n *narrator) Claimed(int, time.Duration) {}

// reloaded prints the result of an edit of the rules.
func (n *narrator) reloaded(status live.Status) {
	if status.OK {
		n.say("Rules reloaded: revision %s is live.", status.Revision)
		return
	}
	var b strings.Builder
	_ = status.Findings.Text(&b) // a Builder does not fail
	n.say("The rules on disk have errors, so revision %s stays live:\n%s", status.Revision, b.String())
}

func (n *narrator) count(started, ended, failed int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.started += started
	n.ended += ended
	n.failed += failed
	if n.changed != nil {
		close(n.changed)
	}
	n.changed = make(chan struct{})
}

func (n *narrator) failures() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.failed
}

// allEnded waits until every started run has ended.
func (n *narrator) allEnded(ctx context.Context) error {
	for {
		n.mu.Lock()
		if n.changed == nil {
			n.changed = make(chan struct{})
		}
		done, changed, left := n.ended >= n.started, n.changed, n.started-n.ended
		n.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return fmt.Errorf("%s not ended after %s", terminal.Counted(left, "run has", "runs have"), demoPatience)
		}
	}
}
