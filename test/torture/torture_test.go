package torture

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

var (
	duration = flag.Duration("torture.duration", 8*time.Second, "how long the load runs, per database")
	seed     = flag.Uint64("torture.seed", 0, "seed; 0 takes one from the clock")
)

func TestMain(m *testing.M) { testkit.Main(m) }

// The rules: a call for every event, a chain of two whose second call carries
// what the first got back, a reminder that waits for the meeting, a call and a
// mail that must never be sent twice, three elements of a list, a report each
// minute, and a call whose reply cannot be kept.
const rulesFormat = `
connections:
  sink: { kind: http, base_url: %[1]s, max_in_flight: 24, timeout: 1s }
  email: { host: %[2]s, port: %[3]d, tls: none, from: gavel@acme.example, timeout: 500ms, max_in_flight: 24 }
  slack: { token: xoxb-torture, api_url: %[4]s, max_in_flight: 24 }
memory:
  all: { key: '"all"', keep: 30d }
rules:
  - name: count
    event: scheduling.*
    late: run
    actions:
      - increment: { all: { runs: 1 } }
      - increment: { all: { twice: 2 } }
  - name: living
    event: scheduling.*
    late: run
    actions:
      - slack: { channel: "#torture", text: "${{ meeting.id }} ${{ event.eventId }}", living: true }
        timeout: 1s
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: every
    event: scheduling.*
    late: run
    when: env.SINK_PAUSED == "false"
    actions:
      - http: { connection: sink, method: POST, url: /, json: { Rule: every, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: chain
    event: scheduling.smartscheduler.scheduled
    late: run
    actions:
      - id: first
        http: { connection: sink, method: POST, url: /, json: { Rule: chain, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}", Token: "${{ env.SINK_TOKEN }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
      - http: { connection: sink, method: POST, url: /, json: { Rule: chain, Step: "2", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}", Got: "${{ actions.first.body.echo }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: remind
    event: scheduling.smartscheduler.scheduled
    late: run
    actions:
      - wait: { until: meeting.meetingStart }
      - http: { connection: sink, method: POST, url: /, json: { Rule: remind, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: once
    event: scheduling.smartscheduler.rescheduled
    late: run
    actions:
      - http: { connection: sink, method: POST, url: /, json: { Rule: once, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: false
        on_unknown: stop
  - name: each
    event: scheduling.smartscheduler.rescheduled
    late: run
    actions:
      - for_each: '["1", "a", "b"]'
        http: { connection: sink, method: POST, url: /, json: { Rule: each, Step: "${{ each }}", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: deep
    event: scheduling.smartscheduler.canceled
    late: run
    actions:
      - http: { connection: sink, method: POST, url: /, json: { Rule: deep, Step: "1", Event: "${{ event.eventId }}", Meeting: "${{ meeting.id }}" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: minutely
    schedule: { cron: "* * * * *" }
    collect: { event: scheduling.* }
    actions:
      - http: { connection: sink, method: POST, url: /, json: { Rule: minutely, Step: "1", Event: "${{ event.eventId }}", Got: "${{ window.count }} events" } }
        retry: { max: 1000, initial: 100ms, longest: 1s }
  - name: mail
    event: scheduling.smartscheduler.scheduled
    late: run
    actions:
      - email: { to: guest@buyer.example, subject: "${{ event.eventId }}", text: Booked }
        on_unknown: stop
`

// sinkToken is a number that also stands in replies: what hides it where people
// look must not change what is kept and sent.
const sinkToken = "31415926"

func TestSQLite(t *testing.T) {
	torture(t, "sqlite:"+filepath.Join(t.TempDir(), "gavel.db"), *duration, "")
}

func TestPostgres(t *testing.T) {
	torture(t, testkit.NewDatabase(t), *duration, "", "", "")
}

// TestUpgrade is a rolling upgrade that never ends: the last release and this
// program share a database, and a process that is killed comes back as one of the
// two.
func TestUpgrade(t *testing.T) {
	torture(t, testkit.NewDatabase(t), *duration/2, testkit.Release(t), "")
}

// torture runs a process for each program; see startCluster.
func torture(t *testing.T, database string, duration time.Duration, programs ...string) {
	chosen := *seed
	if chosen == 0 {
		chosen = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d, %d processes, load for %s", chosen, len(programs), duration)
	s := newSink(chosen)
	defer s.Close()
	mails := newMails(t, chosen)
	wall := newWall(t, chosen)
	rules := fmt.Sprintf(rulesFormat, s.URL, mails.Host(), mails.Port(), wall.URL+"/api/")
	c := startCluster(t, database, rules, programs)
	if slices.ContainsFunc(programs, func(program string) bool { return program != "" }) {
		c.programs = programs
	}
	l := &ledger{}

	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() { c.meetings(ctx, t, l, s, i, rand.New(rand.NewPCG(chosen, uint64(100+i)))) })
	}
	work.Go(func() { c.killer(ctx, rand.New(rand.NewPCG(chosen, 2))) })
	work.Go(func() { c.rewriter(ctx, t, rules, rand.New(rand.NewPCG(chosen, 3))) })
	work.Go(func() { c.mover(ctx, t, database, rand.New(rand.NewPCG(chosen, 4))) })
	p := &pauser{cluster: c, random: rand.New(rand.NewPCG(chosen, 6))}
	work.Go(func() { p.run(ctx, t) })
	work.Wait()

	s.behave()
	wall.behave()
	p.resumeAll(t)
	store, err := vault.Open(t.Context(), database, vault.Read)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	// A backlog takes as long as it takes, if only it gets smaller.
	for left := open(t, store); left > 0; {
		before := left
		testkit.Eventually(t, fmt.Sprintf("fewer than %d runs to be open", before), func() bool {
			left = open(t, store)
			return left < before
		})
	}
	c.stop(t)
	verify(t, c, s, l, store, p)
	mails.verify(t)
	wall.verify(t, l)
}

// open counts the runs that have not ended.
func open(t *testing.T, store store.Store) int64 {
	counts, err := store.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return counts.Runs[event.StatusPending] + counts.Runs[event.StatusWaiting] + counts.Runs[event.StatusRunning]
}

// verify holds what the sender, the sink and the store know against each other.
func verify(t *testing.T, c *cluster, s *sink, l *ledger, store store.Store, p *pauser) {
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
	verifyReminders(t, acked, l.unanswered, canceled, arrivals)
	verifyOrder(t, arrivals)
	verifyMemory(t, store, runs)
	verifySchedule(t, store, runs, reached)
	p.verify(t, arrivals, runs, store)
	for action, n := range countOf(arrivals) {
		if strings.HasPrefix(action, "once ") && n > 1 {
			t.Errorf("%s: %d calls of an action with retry: false and on_unknown: stop", action, n)
		}
	}
	for _, a := range arrivals {
		if a.Step == "2" && a.Got != echoOf(a.Event) {
			t.Errorf("%s was sent %q, want %q as the first call got it", a.Event, a.Got, echoOf(a.Event))
		}
	}
	t.Logf("the database was taken away %d times", c.moves)
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
	switch e.Type {
	case event.TypeScheduled:
		return []string{"every", "chain", "remind", "mail"}
	case event.TypeRescheduled:
		return []string{"every", "once", "each"}
	}
	return []string{"every", "deep"}
}

func verifyRun(t *testing.T, e sent, name string, runs []*event.Run, reached map[string]bool) {
	if len(runs) != 1 {
		t.Errorf("event %s has %d runs of rule %s, want 1", e.ID, len(runs), name)
		return
	}
	run := runs[0]
	switch {
	case name == "remind" && run.Status == event.StatusCanceled && strings.Contains(run.Reason, "canceled by event"):
	case (name == "once" || name == "mail") && run.Status == event.StatusFailed: // one try, whatever came of it
	case name == "mail" && run.Status == event.StatusSucceeded:
	case name == "deep":
		if run.Status != event.StatusFailed || !strings.Contains(run.Reason, "nested deeper") {
			t.Errorf("event %s, rule deep: %s (%s)", e.ID, run.Status, run.Reason)
		}
	case run.Status != event.StatusSucceeded:
		t.Errorf("event %s, rule %s: %s (%s)", e.ID, name, run.Status, run.Reason)
	case !reached[name+" 1 "+e.ID] || name == "chain" && !reached[name+" 2 "+e.ID],
		name == "each" && !(reached["each a "+e.ID] && reached["each b "+e.ID]):
		t.Errorf("event %s, rule %s succeeded and did not reach the sink", e.ID, name)
	}
}

// underWay is how long a call that began before a change may still arrive.
const underWay = 1500 * time.Millisecond

// verifyReminders: none comes after its meeting was canceled, and none before
// the start that the newest event said. Events that were never answered may
// have been stored all the same.
func verifyReminders(t *testing.T, acked, unanswered []sent, canceled map[string]time.Time, arrivals []arrival) {
	byMeeting := map[string][]sent{}
	for _, e := range append(slices.Clone(acked), unanswered...) {
		byMeeting[e.Meeting] = append(byMeeting[e.Meeting], e)
	}
	for _, a := range arrivals {
		if a.Rule != "remind" {
			continue
		}
		if at, ok := canceled[a.Meeting]; ok && a.At.After(at) {
			t.Errorf("meeting %s: reminded %s after its cancellation was acknowledged", a.Meeting, a.At.Sub(at))
		}
		var newest sent
		for _, e := range byMeeting[a.Meeting] {
			if !e.Acked.IsZero() && e.Acked.Add(underWay).Before(a.At) && e.Happened.After(newest.Happened) {
				newest = e
			}
		}
		// One that is newer still, and not answered for long, may have moved it.
		moved := slices.ContainsFunc(byMeeting[a.Meeting], func(e sent) bool {
			return e.Happened.After(newest.Happened) && e.Start.Sub(a.At) <= underWay
		})
		if newest.Type != event.TypeCanceled && newest.Start.Sub(a.At) > underWay && !moved {
			t.Errorf("meeting %s: reminded %s before its start, of which %s had told", a.Meeting, newest.Start.Sub(a.At), newest.ID)
		}
	}
}

func countOf(arrivals []arrival) map[string]int {
	out := map[string]int{}
	for _, a := range arrivals {
		out[a.Rule+" "+a.Step+" "+a.Event]++
	}
	return out
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
func runsByName(t *testing.T, store store.Store) map[string][]*event.Run {
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
