package rehearse_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rehearse"
)

// stream is a past that is made while it is read, so that what the back-test
// holds is all that there is to hold.
type stream struct {
	n    int
	make func(i int) *event.Event
}

// Each implements rehearse.Source.
func (s *stream) Each(_ context.Context, _, _ time.Time, do func(*event.Record) error) error {
	for i := range s.n {
		if err := do(&event.Record{Seq: int64(i + 1), Event: s.make(i)}); err != nil {
			return err
		}
	}
	return nil
}

// Runs implements rehearse.Source.
func (*stream) Runs(context.Context, event.RunFilter) ([]*event.Run, error) { return nil, nil }

// Attempts implements rehearse.Source.
func (*stream) Attempts(context.Context, string) ([]event.Attempt, error) { return nil, nil }

const windowed = `
rules:
  - { name: spike, event: "*", threshold: { count: 3, within: 1h, per: event.eventId }, actions: [ say: { text: x } ] }
  - { name: once, event: "*", throttle: { once: 1h, per: event.eventId }, actions: [ say: { text: x } ] }
  - { name: daily, event: "*", digest: { every: 1h, per: event.eventId }, actions: [ say: { text: "${{ window.count }}" } ] }
  - { name: all, event: "*", digest: { every: 365d }, actions: [ say: { text: "${{ window.count }}" } ] }
`

// TestBacktestForgetsWindows plays events that all have a key of their own: what
// can no longer matter must be forgotten, in the windows as everywhere else.
func TestBacktestForgetsWindows(t *testing.T) {
	heap := map[int]uint64{}
	const early, late = 5_000, 20_000
	source := &stream{n: late, make: func(i int) *event.Event {
		now := begun.Add(time.Duration(i) * time.Minute)
		body := fmt.Sprintf(`{"eventId":"event-%d","eventType":"x.y","eventTimestamp":%q}`, i, now.Format(time.RFC3339))
		ev, err := decode.Event([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		ev.Received = now
		return ev
	}}
	_, err := rehearse.RunBacktest(t.Context(), rehearse.BacktestOptions{
		Set: load(t, windowed), Source: source,
		Progress: func(events int, _ time.Time) {
			if events == early || events == late {
				heap[events] = liveHeap()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	// A key that is kept costs some hundred bytes in each of the rules.
	const allowed = 4 << 20
	if len(heap) != 2 {
		t.Fatalf("measured %d times, not twice", len(heap))
	}
	if grown := int64(heap[late]) - int64(heap[early]); grown > allowed {
		t.Errorf("%d events more need %d KB more; at first it was %d KB", late-early, grown>>10, heap[early]>>10)
	}
	t.Logf("%d KB after %d events, %d KB after %d", heap[early]>>10, early, heap[late]>>10, late)
}

// liveHeap is what is in use after everything else has been collected.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
