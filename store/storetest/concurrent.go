package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// crowd is how many callers come at once.
const crowd = 200

func concurrencyTests() map[string]func(*world) {
	return map[string]func(*world){
		"the same event from many callers starts one run": sameEventCrowd,
		"many events at once are all stored":              differentEventsCrowd,
		"many claim, each run goes to one":                claimCrowd,
		"one bad acceptance spoils no other":              badNeighbour,
		"callers that leave are answered honestly":        leavingCrowd,
		"a meeting under load keeps its order":            laneCrowd,
		"moves and claims meet":                           moveCrowd,
		"commits are told of":                             commitsTold,
	}
}

// together calls f for 0…n-1, all at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

func sameEventCrowd(w *world) {
	var fresh atomic.Int64
	together(crowd, func(i int) {
		ev := w.scheduled("e1", "m1", 0)
		receipt, err := w.Accept(w.Context(), event.Acceptance{Event: ev, Now: at(0), Runs: []event.PlannedRun{plan(ev, fmt.Sprintf("run %03d", i), "slack")}})
		if err != nil {
			w.Error(err)
		} else if !receipt.Duplicate {
			fresh.Add(1)
		}
	})
	w.equal("accepted", fresh.Load(), int64(1))
	w.equal("claimed", len(w.claimRuns("me", 1)), 1)
	rec, err := w.Event(w.Context(), "e1")
	w.must(err)
	w.equal("deliveries", rec.Deliveries, crowd)
}

func commitsTold(w *world) {
	var mu sync.Mutex
	var operations, commits int
	told := func() (int, int) {
		mu.Lock()
		defer mu.Unlock()
		return operations, commits
	}
	w.ObserveCommits(func(n int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		operations += n
		commits++
		if n < 1 || took <= 0 {
			w.Errorf("a commit of %d took %s", n, took)
		}
	})
	together(crowd, func(i int) { w.accept(w.scheduled(fmt.Sprint("e", i), fmt.Sprint("m", i), 0)) })
	if n, c := told(); n != crowd || c < 1 || c > crowd/2 {
		w.Errorf("%d acceptances were told of in %d commits", n, c)
	}
	ev := w.scheduled("more", "more", 1)
	w.acceptMine("me", ev, plan(ev, "1"))
	w.finish("me", "1", event.StatusSucceeded, 2)
	w.claim("me", 3)
	if n, _ := told(); n != crowd+2 {
		w.Errorf("%d acceptances and records were told of, want %d", n, crowd+2)
	}
}

func differentEventsCrowd(w *world) {
	together(crowd, func(i int) {
		ev := w.scheduled(fmt.Sprintf("e%d", i), fmt.Sprintf("m%d", i%17), 0)
		if _, err := w.Accept(w.Context(), event.Acceptance{Event: ev, Now: at(0), Runs: []event.PlannedRun{plan(ev, fmt.Sprintf("run %03d", i))}}); err != nil {
			w.Error(err)
		}
	})
	c, err := w.Counts(w.Context())
	w.must(err)
	w.equal("events", c.Events, int64(crowd))
	w.equal("pending", c.Runs[event.StatusPending], int64(crowd))
	records, err := w.Events(w.Context(), event.EventFilter{Limit: 2 * crowd})
	w.must(err)
	seen := map[int64]bool{}
	for _, r := range records {
		seen[r.Seq] = true
	}
	w.equal("different numbers", len(seen), crowd)
}

func claimCrowd(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	var runs []event.PlannedRun
	for i := range crowd {
		runs = append(runs, plan(ev, fmt.Sprintf("run %03d", i)))
	}
	w.accept(ev, runs...)
	var (
		mu    sync.Mutex
		taken = map[string]int{}
	)
	together(20, func(i int) {
		for {
			got, err := w.Claim(w.Context(), fmt.Sprintf("owner %d", i), at(1), at(2), 3)
			if err != nil {
				w.Error(err)
			}
			if len(got) == 0 {
				return
			}
			mu.Lock()
			for _, r := range got {
				taken[r.ID]++
			}
			mu.Unlock()
		}
	})
	w.equal("claimed", len(taken), crowd)
	for id, n := range taken {
		w.equal(id, n, 1)
	}
}

func badNeighbour(w *world) {
	first := w.scheduled("first", "m1", 0)
	w.accept(first, plan(first, "taken"))
	var refused atomic.Int64
	together(crowd, func(i int) {
		ev := w.scheduled(fmt.Sprintf("e%d", i), "m1", 0)
		id := fmt.Sprintf("run %03d", i)
		if i%10 == 0 {
			id = "taken"
		}
		if _, err := w.Accept(w.Context(), event.Acceptance{Event: ev, Now: at(0), Runs: []event.PlannedRun{plan(ev, id)}}); err != nil {
			refused.Add(1)
		}
	})
	w.equal("refused", refused.Load(), int64(crowd/10))
	c, err := w.Counts(w.Context())
	w.must(err)
	w.equal("events", c.Events, int64(1+crowd-crowd/10))
}

func leavingCrowd(w *world) {
	var (
		mu     sync.Mutex
		stored []string
	)
	together(crowd, func(i int) {
		ctx, leave := context.WithCancel(w.Context())
		defer leave()
		ev := w.scheduled(fmt.Sprintf("e%d", i), "", 0)
		if i%2 == 0 {
			go leave()
		}
		_, err := w.Accept(ctx, event.Acceptance{Event: ev, Now: at(0)})
		switch {
		case err == nil:
			mu.Lock()
			stored = append(stored, ev.ID)
			mu.Unlock()
		case i%2 == 1 || !errors.Is(err, context.Canceled):
			w.Errorf("event %d: %v", i, err)
		}
	})
	for _, id := range stored {
		if _, err := w.Event(w.Context(), id); err != nil {
			w.Errorf("acknowledged but lost: %v", err)
		}
	}
}

// laneCrowd has several workers carry out runs of a few meetings while more
// come in, and checks that no two runs of a meeting overlap.
func laneCrowd(w *world) {
	const meetings, events = 3, 40
	var (
		mu      sync.Mutex
		running = map[string]int{}
		done    atomic.Int64
		ctx     = w.Context()
	)
	var workers sync.WaitGroup
	for i := range 4 {
		owner := fmt.Sprintf("owner %d", i)
		workers.Go(func() {
			for done.Load() < meetings*events && !w.Failed() {
				runs, err := w.Claim(ctx, owner, at(1000), at(2000), 2)
				if err != nil {
					w.Error(err)
					return
				}
				for _, r := range runs {
					mu.Lock()
					if running[r.MeetingID]++; running[r.MeetingID] > 1 {
						w.Errorf("two runs of %s at once", r.MeetingID)
					}
					mu.Unlock()
				}
				for _, r := range runs {
					mu.Lock()
					running[r.MeetingID]--
					mu.Unlock()
					r.Status, r.Finished = event.StatusSucceeded, at(1000)
					if err := w.Record(ctx, event.Progress{Run: r, Owner: owner}); err != nil {
						w.Error(err)
					}
					done.Add(1)
				}
			}
		})
	}
	together(meetings*events, func(i int) {
		ev := w.scheduled(fmt.Sprintf("e%d", i), fmt.Sprintf("m%d", i%meetings), 0)
		if _, err := w.Accept(ctx, event.Acceptance{Event: ev, Now: at(0), Runs: []event.PlannedRun{plan(ev, fmt.Sprintf("run %03d", i), "slack")}}); err != nil {
			w.Error(err)
		}
	})
	workers.Wait()
	w.equal("done", done.Load(), int64(meetings*events))
}

// moveCrowd cancels meetings while others claim their runs: every run ends with
// its meeting, whoever was first, because none was being sent yet.
func moveCrowd(w *world) {
	const runs = 50
	for i := range runs {
		ev := w.scheduled(fmt.Sprintf("e%d", i), fmt.Sprintf("m%d", i), 0)
		w.accept(ev, asleep(plan(ev, fmt.Sprintf("run %d", i)), 60))
	}
	var dropped atomic.Int64
	together(2*runs, func(i int) {
		if i < runs {
			receipt, err := w.Accept(w.Context(), event.Acceptance{Event: w.occurrence(fmt.Sprintf("c%d", i), event.TypeCanceled, fmt.Sprintf("m%d", i), 50), Now: at(50)})
			if err != nil {
				w.Error(err)
			}
			dropped.Add(int64(receipt.Dropped))
			return
		}
		if _, err := w.Claim(w.Context(), "me", at(60), at(61), 1); err != nil {
			w.Error(err)
		}
	})
	c, err := w.Counts(w.Context())
	w.must(err)
	w.equal("dropped", dropped.Load(), int64(runs))
	w.equal("canceled", c.Runs[event.StatusCanceled], int64(runs))
}
