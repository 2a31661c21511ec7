package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// benchEvent is a scheduling event of about 1.5 kB, each of a meeting of its
// own.
func benchEvent(b *testing.B, now time.Time) *event.Event {
	b.Helper()
	body := fmt.Sprintf(`{"organizationGuid":"o","eventId":%q,"webhookId":"w","eventTimestamp":%q,"eventType":%q,
		"data":{"id":%q,"meetingOwner":{"username":"sam@acme.example"},"meetingInfo":{"location":%q}}}`,
		uuid.NewString(), now.Format(time.RFC3339Nano), event.TypeScheduled, uuid.NewString(), strings.Repeat("x", 1200))
	ev, err := decode.Event([]byte(body))
	if err != nil {
		b.Fatal(err)
	}
	ev.Received = now
	return ev
}

// benchRun is a run handed straight to the accepting process.
func benchRun(ev *event.Event) []event.PlannedRun {
	return []event.PlannedRun{{Run: event.Run{
		ID: uuid.Must(uuid.NewV7()).String(), Rule: "alert", Revision: "r1",
		Lanes: []string{event.Lane(ev.Meeting.ID, "slack")},
	}}}
}

// BenchmarkAccept is the intake: 32 callers at once, every fifth event starts
// one run.
func BenchmarkAccept(b *testing.B) { benchAccept(b, false) }

// BenchmarkAcceptAndRecord carries the runs to their end besides.
func BenchmarkAcceptAndRecord(b *testing.B) { benchAccept(b, true) }

func benchAccept(b *testing.B, record bool) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "gavel.db"), sqlite.Options{Exclusive: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	now := time.Now()
	events := make([]*event.Event, b.N)
	for i := range events {
		events[i] = benchEvent(b, now)
	}
	var (
		next    atomic.Int64
		callers sync.WaitGroup
	)
	b.ReportAllocs()
	b.ResetTimer()
	for range 32 {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				a := event.Acceptance{Event: events[i], Revision: "r1", Owner: "me", Now: now, LeaseUntil: now.Add(time.Minute)}
				if i%5 == 0 {
					a.Runs = benchRun(events[i])
				}
				receipt, err := store.Accept(b.Context(), a)
				if err != nil {
					b.Error(err)
					return
				}
				if !record {
					continue
				}
				for _, run := range receipt.Started {
					run.Status, run.Finished = event.StatusSucceeded, now
					attempt := event.Attempt{ActionID: "slack#1", Kind: "slack", Try: 1, Started: now, Ended: now, Outcome: event.OutcomeSucceeded}
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

// BenchmarkIndex is what the search index costs for an event: for one that was
// just stored, and for one that has to be read.
func BenchmarkIndex(b *testing.B) {
	for name, again := range map[string]bool{"just stored": false, "stored before": true} {
		b.Run(name, func(b *testing.B) { benchIndex(b, again) })
	}
}

func benchIndex(b *testing.B, again bool) {
	const batch = 500
	path := filepath.Join(b.TempDir(), "gavel.db")
	store, err := sqlite.Open(b.Context(), path, sqlite.Options{Exclusive: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	for i := 0; i < b.N; i += batch {
		b.StopTimer()
		if _, err := store.Index(b.Context(), 1); err != nil { // from here on it remembers events
			b.Fatal(err)
		}
		acceptSamples(b, store, min(batch, b.N-i))
		b.StartTimer()
		if again {
			continue
		}
		if n, err := store.Index(b.Context(), batch); err != nil || n == 0 {
			b.Fatal(n, err)
		}
	}
	for again {
		n, err := store.Index(b.Context(), batch)
		if err != nil {
			b.Fatal(err)
		}
		again = n > 0
	}
}

func acceptSamples(b *testing.B, store *sqlite.Store, count int) {
	b.Helper()
	var callers sync.WaitGroup
	for range 32 {
		callers.Go(func() {
			for range (count + 31) / 32 {
				body, err := sample.Body(event.TypeScheduled, uuid.NewString(), time.Now())
				if err == nil {
					body, err = sample.Set(body, "data.id", uuid.NewString())
				}
				if err != nil {
					b.Error(err)
					return
				}
				ev, err := decode.Event(body)
				if err == nil {
					_, err = store.Accept(b.Context(), event.Acceptance{Event: ev, Revision: "r1", Now: time.Now()})
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
}
