package heavy_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/gavel-rules/gavel/engine/heavy"
	"github.com/gavel-rules/gavel/event"
)

func sized(n int) *event.Event { return &event.Event{Body: make([]byte, n)} }

// pass puts an event through the lane; it returns nil when there is no room.
func pass(t *testing.T, l *heavy.Lane, ev *event.Event) *heavy.Pass {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	through := make(chan *heavy.Pass, 1)
	go func() {
		p, err := l.Enter(ctx, true)
		if err == nil {
			err = p.Weigh(ctx, ev)
		}
		if err != nil {
			p.Leave()
			p = nil
		}
		through <- p
	}()
	synctest.Wait()
	cancel()
	return <-through
}

func TestLargeEventsPassOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := heavy.New(1 << 20)
		first := pass(t, l, sized(5<<20)) // larger than the lane
		if first == nil {
			t.Fatal("the first has no room")
		}
		if pass(t, l, sized(20<<10)) != nil {
			t.Error("a second has room beside it")
		}
		for range 20 {
			if pass(t, l, sized(2<<10)) == nil {
				t.Error("a small event waits for a large one")
			}
		}
		first.Leave()
		a, b := pass(t, l, sized(500<<10)), pass(t, l, sized(500<<10))
		if a == nil || b == nil || pass(t, l, sized(500<<10)) != nil {
			t.Error("two halves fit, three do not")
		}
		a.Leave()
		a.Leave() // once is enough
		if pass(t, l, sized(500<<10)) == nil {
			t.Error("no room after one has left")
		}
	})
}

func TestLight(t *testing.T) {
	t.Parallel()
	if heavy.Light(nil) != nil || heavy.Light(sized(1<<20)) != nil || heavy.Light(sized(2<<10)) == nil {
		t.Error("large events stay in memory, or small ones do not")
	}
}
