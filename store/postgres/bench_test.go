package postgres_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// BenchmarkAccept is the intake: 64 callers at once, every fifth event starts
// one run.
func BenchmarkAccept(b *testing.B) { benchAccept(b, false) }

// BenchmarkAcceptAndRecord carries the runs to their end besides.
func BenchmarkAcceptAndRecord(b *testing.B) { benchAccept(b, true) }

func benchAccept(b *testing.B, record bool) {
	store := open(b, testkit.NewDatabase(b))
	accepted := make([]event.Acceptance, b.N)
	for i := range accepted {
		a := acceptance(b, fmt.Sprint(i))
		a.Owner, a.LeaseUntil = "me", noon().Add(time.Minute)
		if i%5 != 0 {
			a.Runs = nil
		}
		accepted[i] = a
	}
	var (
		next    atomic.Int64
		callers sync.WaitGroup
	)
	b.ReportAllocs()
	b.ResetTimer()
	for range 64 {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				receipt, err := store.Accept(b.Context(), accepted[i])
				if err != nil {
					b.Error(err)
					return
				}
				if !record {
					continue
				}
				for _, run := range receipt.Started {
					run.Status, run.Finished = event.StatusSucceeded, noon()
					attempt := event.Attempt{ActionID: "slack#1", Kind: "slack", Try: 1, Outcome: event.OutcomeSucceeded}
					if err := store.Record(b.Context(), event.Progress{Run: run, Owner: "me", Attempts: []event.Attempt{attempt}}); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkClaim claims and finishes ten runs at a time, with few and with a
// million others that wait.
func BenchmarkClaim(b *testing.B) {
	for _, waiting := range []int{10, 1_000_000} {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			database := testkit.NewDatabase(b)
			store := open(b, database)
			const insert = `INSERT INTO gavel_runs SELECT nextval('gavel_run_rid'), %s || i, 1, 'e', 't', 0, 'r', 'r1', %s, false, %s, false,
				'', %d + i, 0, 0, false, %s, NULL, NULL, 0, 0, 0, 0, 0, NULL FROM generate_series(1, %d) i`
			administer(b, database, fmt.Sprintf(insert, "'w'", "'m' || i", "'waiting'", int64(9e15), "true", waiting))
			administer(b, database, fmt.Sprintf(insert, "'p'", "NULL", "'pending'", 1, "false", 10*b.N))
			administer(b, database, "VACUUM ANALYZE gavel_runs")
			b.ResetTimer()
			for range b.N {
				runs, err := store.Claim(b.Context(), "me", noon(), noon().Add(time.Minute), 10)
				if err != nil || len(runs) != 10 {
					b.Fatalf("claimed %d, %v", len(runs), err)
				}
			}
		})
	}
}
