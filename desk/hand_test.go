package desk

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// noted is a store and an engine that note what they are told.
type noted struct {
	store.Store
	status event.Status
	err    error
	told   []string
}

func (n *noted) note(what ...string) error {
	n.told = append(n.told, what...)
	return n.err
}

func (n *noted) PausesChanged(context.Context) error { return n.note("pauses") }

func (n *noted) Run(_ context.Context, id string) (*event.Run, error) {
	return &event.Run{ID: id, Status: n.status, Revision: "v", Next: 1}, nil
}

func (n *noted) RetryRun(_ context.Context, id string, _ time.Time, reason string) error {
	return n.note("retry "+id, reason)
}

func (n *noted) CancelRun(_ context.Context, id string, _ time.Time, reason string) error {
	return n.note("cancel "+id, reason)
}

func (n *noted) RunNow(_ context.Context, id string, _ time.Time, reason string) error {
	return n.note("now "+id, reason)
}

func (n *noted) MoveRevision(_ context.Context, id, revision string, next int, _ time.Time, reason string, _ time.Time) error {
	if revision != "v" || next != 2 {
		return event.ErrInvalid
	}
	return n.note("move "+id, reason)
}

func (n *noted) StartedByHand(id string) { _ = n.note("started " + id) }

func (n *noted) Wake() { _ = n.note("wake") }

// TestByHand: the history says whose hand it was, and the engine hears of what
// was changed, and of nothing else.
func TestByHand(t *testing.T) {
	t.Parallel()
	check := func(n *noted, do func(*Desk) error, want ...string) {
		t.Helper()
		if err := do(&Desk{Store: n, Engine: n}); (err != nil) != (n.err != nil) {
			t.Error(err)
		}
		if diff := cmp.Diff(want, n.told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	}
	retry := func(d *Desk) error { return d.Retry(t.Context(), "r", "by olga") }
	drop := func(d *Desk) error { return d.Cancel(t.Context(), "r", "by olga") }
	now := func(d *Desk) error { return d.RunNow(t.Context(), "r", "by olga") }
	check(&noted{}, retry, "retry r", "retried manually by olga", "started r")
	check(&noted{err: event.ErrConflict}, retry, "retry r", "retried manually by olga")
	check(&noted{}, drop, "cancel r", "canceled manually by olga", "wake")
	check(&noted{err: event.ErrConflict}, drop, "cancel r", "canceled manually by olga")
	check(&noted{status: event.StatusPending}, now, "now r", "started manually by olga", "started r")
	check(&noted{status: event.StatusWaiting}, now, "move r", "wait ended manually by olga", "started r")
	n := &noted{}
	if err := (&Desk{Store: n}).Retry(t.Context(), "r", "by olga"); err != nil || len(n.told) != 2 {
		t.Errorf("without an engine: %v, %q", err, n.told)
	}
}
