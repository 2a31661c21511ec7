package e2e

import (
	"fmt"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestNothingAcknowledgedIsLost kills the process while the actions of many
// acknowledged events are under way or still to come, starts it again, and
// looks for every one of them, under the same idempotency key as before.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.hold()
	p := testkit.Start(t, testkit.Serve{
		Rules: tellTarget(g.URL, "held"),
		Args:  []string{"--workers", "8"}, // so that most actions are still to come
	})

	const events = 60
	for i := range events {
		p.MustPost(testkit.Sample(t, event.TypeCanceled, fmt.Sprintf("event-%02d", i)))
	}
	testkit.Eventually(t, "some actions are under way", func() bool { return len(g.byEvent()) > 0 })
	p.Kill()
	before := g.byEvent()
	if len(before) == events {
		t.Fatalf("all %d actions were under way at once; the test wants some still to come", events)
	}
	g.release()
	p.Restart()

	testkit.Eventually(t, "every event's action came", func() bool { return len(g.byEvent()) == events })
	testkit.Eventually(t, "the actions that the crash cut off came again", func() bool {
		for id := range before {
			if len(g.byEvent()[id]) < 2 {
				return false
			}
		}
		return true
	})
	for id, keys := range g.byEvent() {
		for _, key := range keys {
			if key == "" || key != keys[0] {
				t.Errorf("%s: idempotency keys %q, want one and the same", id, keys)
			}
		}
	}
}
