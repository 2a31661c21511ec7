package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/window"
)

// book keeps what was used by run on top of Windows.
type book struct {
	*ledger.Windows
	used   map[string][]event.Occurrence
	unused map[int64]event.Occurrence
}

func (b *book) Sleeps(string) (bool, error) { return true, nil }

func (b *book) Note(scope string, o event.Occurrence, run string) error {
	if run != "" {
		b.used[run] = append(b.used[run], o)
	} else {
		b.unused[o.Seq] = o
	}
	return b.Windows.Note(scope, o, run)
}

func (b *book) Use(scope string, used []event.Occurrence, run string) error {
	for _, o := range used {
		if _, ok := b.unused[o.Seq]; !ok {
			return fmt.Errorf("event %d is used twice", o.Seq)
		}
		delete(b.unused, o.Seq)
	}
	b.used[run] = append(b.used[run], used...)
	return b.Windows.Use(scope, used, run)
}

// TestThresholdInAnyOrder lets events arrive in any order, in bursts and far
// apart. Whatever the order: what a run uses lies within the window and reaches
// the count, and nothing that is left over would.
func TestThresholdInAnyOrder(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := event.Window{Kind: event.WindowThreshold, Rule: "r", Count: 2 + r.IntN(5), Length: time.Hour}
		b := &book{Windows: ledger.NewWindows(), used: map[string][]event.Occurrence{}, unused: map[int64]event.Occurrence{}}
		for i := range 120 {
			at := begin.Add(time.Duration(r.IntN(6*60)) * time.Minute * time.Duration(1+r.IntN(3)))
			run := &event.Run{ID: fmt.Sprint(i), Status: event.StatusPending}
			here := event.Occurrence{EventID: run.ID, Seq: int64(i), At: at}
			if err := window.Decide(b, &event.PlannedRun{Windows: []event.Window{w}}, run, here, begin); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if fired := len(b.used[run.ID]) > 0; fired != (run.Status == event.StatusPending) {
				t.Fatalf("seed %d: run %d is %s with %d events", seed, i, run.Status, len(b.used[run.ID]))
			}
			if n := fullest(b.unused, w.Length); n >= w.Count {
				t.Fatalf("seed %d: after event %d, %d unused events lie within the window of %d", seed, i, n, w.Count)
			}
		}
		for id, used := range b.used {
			slices.SortFunc(used, func(a, b event.Occurrence) int { return a.At.Compare(b.At) })
			if len(used) < w.Count || used[len(used)-1].At.Sub(used[0].At) > w.Length {
				t.Errorf("seed %d: run %s used %v", seed, id, used)
			}
		}
	}
}

// fullest counts the events of the window that holds most.
func fullest(events map[int64]event.Occurrence, length time.Duration) int {
	best := 0
	for _, first := range events {
		n := 0
		for _, o := range events {
			if d := o.At.Sub(first.At); d >= 0 && d <= length {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}
