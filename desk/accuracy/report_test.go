package accuracy

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/report/facts"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// reportStart is when the first of the random events was received.
var reportStart = time.Date(2026, 3, 20, 22, 0, 0, 0, time.UTC)

// TestReportIsThatOfTheBodies: whichever facts are kept, a report is the same as
// one that is counted from the bodies of all events and from all runs.
func TestReportIsThatOfTheBodies(t *testing.T) {
	t.Parallel()
	sqlite := func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "gavel.db") }
	postgres := func(t *testing.T) string { return testkit.NewDatabase(t) }
	// share is which events the process has noted itself: all, none, or every
	// second.
	for _, c := range []struct {
		name  string
		url   func(*testing.T) string
		share int
	}{
		{"sqlite, taken", sqlite, 1}, {"sqlite, half taken", sqlite, 2},
		{"postgres, read", postgres, 0}, {"postgres, half taken", postgres, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reportsAgree(t, c.url(t), c.share == 2, c.share)
		})
	}
}

func reportsAgree(t *testing.T, url string, sealed bool, share int) {
	t.Helper()
	keys := ""
	if sealed {
		keys = filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(keys, []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := vault.OpenSealed(t.Context(), url, keys, vault.Serve)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Unix(0, 0)
	keeper := facts.NewKeeper(s, slog.New(slog.DiscardHandler), func() time.Time {
		now = now.Add(time.Minute)
		return now
	})
	const n = 2300
	r := rand.New(rand.NewPCG(1, uint64(share)))
	acceptRandom(t, s, r, n, func(i int, ev *event.Event, seq int64) {
		if share > 0 && i%share == 0 {
			keeper.Took(ev, seq)
		}
	})
	compare := func(when string, private ...[]string) {
		t.Helper()
		for _, paths := range append(private, nil) {
			compareReports(t, s, when+fmt.Sprint(paths), paths)
		}
	}
	blocks := func() int {
		t.Helper()
		list, err := s.Facts(t.Context(), -1, time.Time{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	keep := func() {
		t.Helper()
		for more, idle := true, 0; more || idle < 8; idle++ {
			var err error
			if more, err = keeper.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	compare("before facts are kept")
	keep()
	kept := blocks()
	if want := 2; kept < want {
		t.Errorf("%d blocks are kept, want at least %d", kept, want)
	}
	compare("when facts are kept")

	eraseRandom(t, s, r, n)
	if left := blocks(); left >= kept {
		t.Errorf("%d of %d blocks are left after events were erased", left, kept)
	}
	compare("after erasing")
	keep()
	if again := blocks(); again != kept {
		t.Errorf("%d of %d blocks are made again", again, kept)
	}
	compare("when kept again", []string{"meeting.meetingOwner.username"}, []string{"meeting.meetingOwner", "meeting.meetingStart"}, []string{"data"})

	gone, err := s.Prune(t.Context(), reportStart.Add(8*24*time.Hour), n)
	if err != nil || gone < 100 {
		t.Fatalf("%d events pruned, %v", gone, err)
	}
	compare("after pruning")
	keep()
	compare("when kept after pruning")
}

// acceptRandom stores events as they may come: of all types, late, repeated,
// without a time or with a wrong one, with and without owner, calendar and start.
func acceptRandom(t *testing.T, s store.Store, r *rand.Rand, n int, took func(int, *event.Event, int64)) {
	t.Helper()
	type arrival struct {
		ev  *event.Event
		run event.PlannedRun
	}
	var callers sync.WaitGroup
	queue := make(chan arrival)
	var mu sync.Mutex
	for range 16 {
		callers.Go(func() {
			for a := range queue {
				for range 1 + len(a.ev.ID)%7/6 { // some are repeated
					receipt, err := s.Accept(t.Context(), event.Acceptance{Event: a.ev, Revision: "r1", Now: a.ev.Received, Runs: []event.PlannedRun{a.run}})
					if err != nil {
						t.Error(err)
						return
					}
					if !receipt.Duplicate {
						mu.Lock()
						took(int(receipt.Seq), a.ev, receipt.Seq)
						mu.Unlock()
					}
				}
			}
		})
	}
	for i := range n {
		received := reportStart.Add(time.Duration(i) * 20 * 24 * time.Hour / time.Duration(n)).Add(time.Duration(r.IntN(999_999_999)))
		ev := randomEvent(t, r, i, received)
		statuses := append(event.Statuses(), event.StatusWaiting)
		run := event.Run{
			ID: fmt.Sprintf("run-%06d", i), Rule: fmt.Sprint("rule ", r.IntN(5)), Revision: "r1", Status: statuses[r.IntN(len(statuses))],
			Follow: r.IntN(2) == 0, Shadow: r.IntN(4) == 0, Created: received, Due: received, Finished: received,
		}
		if received.Before(reportStart.Add(9 * 24 * time.Hour)) {
			run.Status = event.StatusSucceeded // can be pruned
		}
		queue <- arrival{ev, event.PlannedRun{Run: run}}
	}
	close(queue)
	callers.Wait()
}

func randomEvent(t *testing.T, r *rand.Rand, i int, received time.Time) *event.Event {
	t.Helper()
	of := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	happened := received.Add(-time.Duration(r.Int64N(int64(3 * time.Hour))))
	switch r.IntN(20) {
	case 0:
		happened = received.Add(-60 * 24 * time.Hour) // wrong
	case 1:
		happened = received.Add(5 * time.Hour) // a clock that is ahead
	}
	info := map[string]any{"primaryInvitee": "guest@buyer.example"}
	if path := of("intro", "demo", "", "Grüße / 世界"); path != "" {
		info["calendarPath"] = path
	} else {
		info["calendarUrl"] = of("https://book.acme.example/x", "")
	}
	data := map[string]any{
		"id": fmt.Sprint("meeting-", r.IntN(800)), "meetingInfo": info,
		"meetingOwner": map[string]any{"userId": of("1", "2"), "username": of("ada@acme.example", "bo@acme.example", "", "it's \"cy\""), "firstName": of("Ada", ""), "lastName": of("L", "")},
	}
	if r.IntN(8) > 0 {
		data["meetingStart"] = happened.Add(time.Duration(r.Int64N(int64(5*24*time.Hour))) - 4*time.Hour)
	}
	body := map[string]any{
		"organizationGuid": "acme", "eventId": fmt.Sprint("e", strings.Repeat("x", r.IntN(7)), i), "data": data,
		"eventType": of(event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled, event.TypeScheduled, event.TypeSettingChanged, "scheduling.other"),
	}
	if r.IntN(15) > 0 {
		body["eventTimestamp"] = happened
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(text)
	if err != nil {
		t.Fatal(err)
	}
	ev.Arrive(received)
	if i == 2200 {
		return ev.WithBody([]byte("damaged"))
	}
	return ev
}

func eraseRandom(t *testing.T, s store.Store, r *rand.Rand, n int) {
	t.Helper()
	list, err := s.Events(t.Context(), event.EventFilter{OldestFirst: true, Limit: n})
	if err != nil {
		t.Fatal(err)
	}
	for range 12 {
		ev := list[r.IntN(len(list))].Event
		body, err := json.Marshal(map[string]any{"organizationGuid": "acme", "eventId": ev.ID, "eventType": ev.Type, "eventTimestamp": ev.Timestamp, "data": map[string]any{"id": ev.Meeting.ID}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Erase(t.Context(), ev.Ref(), body, "erased"); err != nil {
			t.Fatal(err)
		}
	}
}

// compareReports compares with a report that is counted event by event.
func compareReports(t *testing.T, s store.Store, when string, paths []string) {
	t.Helper()
	private, err := privacy.ParseFields(paths)
	if err != nil {
		t.Fatal(err)
	}
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	until := reportStart.Add(21 * 24 * time.Hour)
	periods := []report.Options{
		{Until: until},
		{Since: reportStart.Add(30 * time.Hour), Until: until.Add(-50 * time.Hour), Zone: zone("Europe/Paris"), Late: 5 * time.Hour, Top: 2},
		{Since: reportStart.Add(15 * 24 * time.Hour), Until: until, Zone: zone("Asia/Kathmandu"), Late: 90 * time.Hour},
	}
	if len(paths) > 0 {
		periods = periods[:1]
	}
	for _, o := range periods {
		want := countBodies(t, s, private, o)
		got, err := (&desk.Desk{Store: s, Private: private}).Report(t.Context(), o, nil)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, since %s: (-want +got)\n%s", when, o.Since, diff)
		}
		if o.Since.IsZero() && (got.Totals.All() < 100 || got.FollowUps.All() < 100) {
			t.Errorf("%s: %+v, %+v: too little to compare", when, got.Totals, got.FollowUps.FollowUpCounts)
		}
	}
}

func countBodies(t *testing.T, s store.Store, private privacy.Fields, o report.Options) *report.Report {
	t.Helper()
	tally := report.New(o)
	all := event.EventFilter{OldestFirst: true, Limit: 500, Since: tally.Since()}
	for {
		list, err := privacy.Show(s, private).Events(context.Background(), all)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range list {
			tally.Event(rec.Event)
			all.After = rec.Seq
		}
		if len(list) < 500 {
			break
		}
	}
	runs, err := s.Runs(context.Background(), event.RunFilter{OldestFirst: true, Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		tally.Run(run)
	}
	return tally.Report()
}
