package torture

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

var (
	duration = flag.Duration("torture.duration", 8*time.Second, "how long the load runs, per database")
	seed     = flag.Uint64("torture.seed", 0, "seed; 0 takes one from the clock")
)

func TestMain(m *testing.M) { testkit.Main(m) }

// The rules: a call for every event, a chain of two, and a reminder that waits
// for the meeting.
const rulesFormat = `
connections:
  sink: { kind: http, base_url: %s, max_in_flight: 24, timeout: 1s }
rules:
  - name: every
    event: scheduling.*
    late: run
    actions:
      - http: { connection: sink, method: POST, url: /, json: { Rule: every, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: chain
    event: scheduling.smartscheduler.scheduled
    late: run
    actions:
      - http: { connection: sink, method: POST, url: /, json: { Rule: chain, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
      - http: { connection: sink, method: POST, url: /, json: { Rule: chain, Step: "2", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: remind
    event: scheduling.smartscheduler.scheduled
    late: run
    actions:
      - wait: { until: meeting.meetingStart }
      - http: { connection: sink, method: POST, url: /, json: { Rule: remind, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
`

func TestSQLite(t *testing.T) {
	torture(t, "sqlite:"+filepath.Join(t.TempDir(), "gavel.db"), 1)
}

func TestPostgres(t *testing.T) {
	torture(t, testkit.NewDatabase(t), 3)
}

func torture(t *testing.T, database string, processes int) {
	chosen := *seed
	if chosen == 0 {
		chosen = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d, %d processes, load for %s", chosen, processes, *duration)
	s := newSink(chosen)
	defer s.Close()
	rules := fmt.Sprintf(rulesFormat, s.URL)
	c := startCluster(t, database, rules, processes)
	l := &ledger{}

	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() { c.meetings(ctx, t, l, s, i, rand.New(rand.NewPCG(chosen, uint64(100+i)))) })
	}
	work.Go(func() { c.killer(ctx, rand.New(rand.NewPCG(chosen, 2))) })
	work.Go(func() { c.rewriter(ctx, t, rules, rand.New(rand.NewPCG(chosen, 3))) })
	work.Wait()

	s.behave()
	store, err := app.OpenStore(t.Context(), database, false)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	testkit.Eventually(t, "every run to end", func() bool { return open(t, store) == 0 })
	c.stop(t)
	verify(t, c, s, l, store)
}

// open counts the runs that have not ended.
func open(t *testing.T, store app.Store) int64 {
	counts, err := store.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return counts.Runs[event.StatusPending] + counts.Runs[event.StatusWaiting] + counts.Runs[event.StatusRunning]
}

// verify holds what the sender, the sink and the store know against each other.
func verify(t *testing.T, c *cluster, s *sink, l *ledger, store app.Store) {
	acked, tries := l.all()
	arrivals, answers := s.received()
	runs := runsByName(t, store)
	canceled := map[string]time.Time{} // meeting → 200 for its cancellation
	for _, e := range acked {
		if e.Type == event.TypeCanceled {
			canceled[e.Meeting] = e.Acked
		}
	}
	reached, keys, doubled := byAction(t, arrivals)
	for _, e := range acked {
		if _, err := store.Event(t.Context(), e.ID); err != nil {
			t.Errorf("event %s was answered 200 and is not stored: %v", e.ID, err)
		}
		for _, name := range expected(e) {
			verifyRun(t, e, name, runs[name+" "+e.ID], reached)
		}
	}
	for _, a := range arrivals {
		if at, ok := canceled[a.Meeting]; ok && a.Rule == "remind" && a.At.After(at) {
			t.Errorf("meeting %s: reminded %s after its cancellation was acknowledged", a.Meeting, a.At.Sub(at))
		}
	}
	t.Logf("%d kills, %d rewrites of the rules, %d deliveries for %d events answered 200 (%d meetings canceled)",
		c.kills, c.rewrites, tries, len(acked), len(canceled))
	t.Logf("%d calls reached the sink for %d actions (%d repeated, all with the key of the first); its answers: %v",
		len(arrivals), len(keys), doubled, answers)
	if c.kills == 0 || doubled == 0 || len(canceled) == 0 {
		t.Error("this was no torture: nothing was killed, repeated or canceled")
	}
}

// expected lists the rules that an event must have started.
func expected(e sent) []string {
	if e.Type == event.TypeScheduled {
		return []string{"every", "chain", "remind"}
	}
	return []string{"every"}
}

func verifyRun(t *testing.T, e sent, name string, runs []*event.Run, reached map[string]bool) {
	if len(runs) != 1 {
		t.Errorf("event %s has %d runs of rule %s, want 1", e.ID, len(runs), name)
		return
	}
	run := runs[0]
	switch {
	case run.Status == event.StatusCanceled && name == "remind" && strings.Contains(run.Reason, "canceled by event"):
	case run.Status != event.StatusSucceeded:
		t.Errorf("event %s, rule %s: %s (%s)", e.ID, name, run.Status, run.Reason)
	case !reached[name+" 1 "+e.ID] || name == "chain" && !reached[name+" 2 "+e.ID]:
		t.Errorf("event %s, rule %s succeeded and did not reach the sink", e.ID, name)
	}
}

// byAction tells which actions reached the sink, and fails when one came with
// two keys.
func byAction(t *testing.T, arrivals []arrival) (reached map[string]bool, keys map[string]string, doubled int) {
	reached, keys = map[string]bool{}, map[string]string{}
	for _, a := range arrivals {
		action := a.Rule + " " + a.Step + " " + a.Event
		if key, known := keys[action]; known {
			doubled++
			if key != a.Key || key == "" {
				t.Errorf("%s came with the keys %q and %q", action, key, a.Key)
			}
		}
		reached[action], keys[action] = true, a.Key
	}
	return reached, keys, doubled
}

// runsByName reads all runs, by rule and event.
func runsByName(t *testing.T, store app.Store) map[string][]*event.Run {
	all := map[string][]*event.Run{}
	f := event.RunFilter{Limit: 500}
	for {
		runs, err := store.Runs(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			name := r.Rule + " " + r.EventID
			all[name] = append(all[name], r)
		}
		if len(runs) < f.Limit {
			return all
		}
		f.Before = runs[len(runs)-1].ID
	}
}
