package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/memory"
)

var begun = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// happens accepts an event that starts one run, which ends at once unless a
// window holds it back.
func happens(t *testing.T, s *memory.Store, n int, now time.Time, windows ...event.Window) *event.Run {
	t.Helper()
	id := fmt.Sprint("event-", n)
	ev := &event.Event{Envelope: event.Envelope{ID: id, Type: "x.y", Timestamp: now}, Meeting: &event.Meeting{ID: fmt.Sprint("meeting-", n)}, Received: now}
	run := event.Run{ID: fmt.Sprint("run-", n), EventID: id, Rule: "r", MeetingID: ev.Meeting.ID, Status: event.StatusPending, Due: now, Created: now}
	receipt, err := s.Accept(t.Context(), event.Acceptance{Event: ev, Now: now, Runs: []event.PlannedRun{{Run: run, Windows: windows}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(receipt.EndedAtOnce) > 0 {
		return receipt.EndedAtOnce[0]
	}
	claimed, err := s.Claim(t.Context(), "me", now, now, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range claimed {
		r.Status = event.StatusSucceeded
		if err := s.Record(t.Context(), event.Progress{Run: r, Owner: "me"}); err != nil {
			t.Fatal(err)
		}
	}
	return &run
}

func TestForgetsWhatCannotMatter(t *testing.T) {
	t.Parallel()
	s := memory.New(memory.Options{Forget: true, Meetings: 100})
	kinds := []event.WindowKind{event.WindowThreshold, event.WindowThrottle, event.WindowDigest}
	most := 0
	for i := range 30_000 {
		// Every second throttle holds a run back, which its next run would tell.
		key := fmt.Sprint("key-", i/6)
		w := event.Window{Kind: kinds[i%3], Rule: "r", Key: key, Count: 5, Length: time.Hour}
		happens(t, s, i, begun.Add(time.Duration(i)*5*time.Minute), w)
		most = max(most, s.Size().Windows)
	}
	// A threshold of a day ago still counts for late events; there are 300
	// events in 25 hours.
	if most > 2500 {
		t.Errorf("%d windows were held at once", most)
	}
	if size := s.Size(); size.Events > 200 || size.Runs > 200 || size.Meetings > 200 || size.Gathered > 200 {
		t.Errorf("held at the end: %+v", size)
	}
}

func TestForgettingChangesNothing(t *testing.T) {
	t.Parallel()
	all, some := memory.New(memory.Options{}), memory.New(memory.Options{Forget: true, Meetings: 5000})
	for i := range 12_000 {
		now := begun.Add(time.Duration(i) * time.Minute)
		windows := [][]event.Window{
			{{Kind: event.WindowThreshold, Rule: "r", Key: fmt.Sprint(i % 690), Count: 2, Length: 24 * time.Hour}},
			{{Kind: event.WindowThrottle, Rule: "r", Key: fmt.Sprint(i % 1300), Length: 48 * time.Hour}},
			{{Kind: event.WindowThreshold, Rule: "s", Key: fmt.Sprint(i / 2), Count: 2, Length: time.Hour}},
		}[i%3]
		a, b := happens(t, all, i, now, windows...), happens(t, some, i, now, windows...)
		if a.Status != b.Status || a.Reason != b.Reason || a.Suppressed() != b.Suppressed() {
			t.Fatalf("event %d: %s %q, and with forgetting %s %q", i, a.Status, a.Reason, b.Status, b.Reason)
		}
	}
	if kept, left := all.Size().Windows, some.Size().Windows; left >= kept {
		t.Errorf("nothing was forgotten: %d of %d windows", left, kept)
	}
}
