package heavy_test

import (
	"testing"

	"github.com/gavel-rules/gavel/engine/heavy"
	"github.com/gavel-rules/gavel/event"
)

func sized(n int) *event.Event { return &event.Event{Body: make([]byte, n)} }

// pass puts an event through the lane and says whether there was room.
func pass(t *testing.T, l *heavy.Lane, ev *event.Event, resume func(*heavy.Pass)) (*heavy.Pass, heavy.Room) {
	t.Helper()
	p, err := l.Enter(t.Context(), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	room := p.Weigh(ev, resume)
	if room != heavy.Enough {
		p.Leave()
	}
	return p, room
}

// TestLargeEventsPassOneByOne: what has no room waits in order, without anybody who
// waits for it, and small events pass.
func TestLargeEventsPassOneByOne(t *testing.T) {
	t.Parallel()
	l := heavy.New(1 << 20)
	var resumed []*heavy.Pass
	wait := func(p *heavy.Pass) { resumed = append(resumed, p) }
	first, room := pass(t, l, sized(5<<20), wait) // larger than the lane
	if room != heavy.Enough {
		t.Fatal("the first has no room")
	}
	for range 3 {
		if _, room := pass(t, l, sized(500<<10), wait); room != heavy.Parked {
			t.Errorf("a second beside it: %v", room)
		}
	}
	for range 20 {
		if _, room := pass(t, l, sized(2<<10), wait); room != heavy.Enough {
			t.Errorf("a small event waits for a large one: %v", room)
		}
	}
	first.Leave()
	first.Leave() // once is enough
	if len(resumed) != 2 {
		t.Fatalf("%d of three halves are resumed, want 2", len(resumed))
	}
	if _, room := pass(t, l, sized(20<<10), wait); room != heavy.Parked {
		t.Errorf("one overtakes those that wait: %v", room)
	}
	again, err := l.Enter(t.Context(), resumed[0], true)
	if err != nil || again.Weigh(sized(500<<10), wait) != heavy.Enough {
		t.Errorf("a resumed one has no room: %v", err)
	}
	again.Leave()
	if len(resumed) != 4 {
		t.Errorf("%d were resumed, want all 4", len(resumed))
	}
}

// TestFewWaitInMemory: beyond a number they go back to the store.
func TestFewWaitInMemory(t *testing.T) {
	t.Parallel()
	l := heavy.New(1 << 20)
	none := func(*heavy.Pass) {}
	if _, room := pass(t, l, sized(1<<20), none); room != heavy.Enough {
		t.Fatal("the first has no room")
	}
	for i := range 200 {
		_, room := pass(t, l, sized(20<<10), none)
		if want := map[bool]heavy.Room{true: heavy.Parked, false: heavy.Full}[i < 128]; room != want {
			t.Fatalf("number %d: %v, want %v", i, room, want)
		}
	}
}

func TestLight(t *testing.T) {
	t.Parallel()
	if heavy.Light(nil) != nil || heavy.Light(sized(1<<20)) != nil || heavy.Light(sized(2<<10)) == nil {
		t.Error("large events stay in memory, or small ones do not")
	}
}
