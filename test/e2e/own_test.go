package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// ops is where rules tell of failures: /tell takes them, everything else refuses.
type ops struct {
	URL string

	mu      sync.Mutex
	told    []told
	refused map[string]int // calls by path
	down    bool           // /tell answers 503
}

// told is what a rule has told of one of Gavel's own events.
type told struct{ ID, Type, About, Text, URL, Count string }

func newOps(t *testing.T) *ops {
	t.Helper()
	o := &ops{refused: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // cut off when a process is killed
		o.mu.Lock()
		defer o.mu.Unlock()
		if r.URL.Path != "/tell" {
			o.refused[r.URL.Path]++
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if o.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var one told
		if json.Unmarshal(body, &one) == nil {
			o.told = append(o.told, one)
		}
	}))
	t.Cleanup(server.Close)
	o.URL = server.URL
	return o
}

// all lists what was told, each event once: a run that was cut off is carried out
// again.
func (o *ops) all() []told {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := slices.Clone(o.told)
	slices.SortFunc(list, func(a, b told) int { return strings.Compare(a.ID, b.ID) })
	return slices.Compact(list)
}

func (o *ops) about(eventType string) []string {
	var out []string
	for _, one := range o.all() {
		if one.Type == eventType {
			out = append(out, one.About)
		}
	}
	slices.Sort(out)
	return out
}

func (o *ops) calls(path string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.refused[path]
}

// failing is a rule that always fails; answering are rules that answer it, one of
// which fails itself.
func (o *ops) failing() string {
	return fmt.Sprintf(`rules:
  - name: book
    event: scheduling.smartscheduler.scheduled
    actions: [{ http: { method: POST, url: %s/book } }]
`, o.URL)
}

func (o *ops) answering() string {
	return o.failing() + fmt.Sprintf(`
  - name: tell
    event: [gavel.run.failed, "gavel.issue.*"]
    actions:
      - http: { method: POST, url: %[1]s/tell, json: { id: "${{ event.eventId }}", type: "${{ event.eventType }}", about: "${{ gavel.event ?? gavel.rule }}", text: "${{ gavel.text }}", url: "${{ gavel.url }}", count: "${{ string(default(gavel.count, 0)) }}" } }
  - name: fails-too
    event: "gavel.*"
    actions: [{ http: { method: POST, url: %[1]s/loop } }]
`, o.URL)
}

// TestFailuresAreToldOnce: failures of before somebody asked are not told, those
// of a downtime are, and none twice, whoever is killed; a rule that answers them
// and fails does not answer itself.
func TestFailuresAreToldOnce(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		o := newOps(t)
		p := testkit.Start(t, testkit.Serve{Rules: o.failing(), Database: database, Args: []string{"--console-url", "https://gavel.acme.example/"}})
		p.MustPost(testkit.Sample(t, event.TypeScheduled, "old"))
		endedRun(t, p, "old")
		p.Stop()
		p.WriteRules(o.answering())
		p.Restart()
		p.MustPost(testkit.Sample(t, event.TypeScheduled, "one"))
		testkit.Eventually(t, "one is told", func() bool { return slices.Equal(o.about("gavel.run.failed"), []string{"one"}) })
		p.MustPost(testkit.Sample(t, event.TypeScheduled, "two"))
		endedRun(t, p, "two")
		p.Kill() // before or after two is told
		p.Restart()
		if strings.HasPrefix(database, "postgres") {
			other := testkit.Start(t, testkit.Serve{Rules: o.answering(), Database: database, Args: []string{"--console-url", "https://gavel.acme.example/"}})
			other.MustPost(testkit.Sample(t, event.TypeScheduled, "four"))
		}
		p.MustPost(testkit.Sample(t, event.TypeScheduled, "three"))
		want := []string{"one", "three", "two"}
		if strings.HasPrefix(database, "postgres") {
			want = []string{"four", "one", "three", "two"}
		}
		testkit.Eventually(t, "all are told", func() bool { return slices.Equal(o.about("gavel.run.failed"), want) })
		time.Sleep(3 * time.Second) // several looks, in which nothing may be told
		if diff := cmp.Diff(want, o.about("gavel.run.failed")); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if n := len(o.about("gavel.issue.opened")); n != 0 {
			t.Errorf("the issue was open before, but %d issues were opened", n)
		}
		if got := o.calls("/loop"); got != len(want) {
			t.Errorf("the rule that fails was started %d times, want %d", got, len(want))
		}
		one := o.all()[0]
		run := onlyRun(t, p, "one")
		if one.URL != "https://gavel.acme.example/runs/"+run.ID || !strings.Contains(one.Text, "Run failed: rule book, action http#1: ") || one.Count != "1" {
			t.Errorf("told %+v", one)
		}
	})
}

// TestAStormOfFailuresIsToldInOne: many failures are few events, which say how
// many; an issue that is resolved is told, and that it opens again.
func TestAStormOfFailuresIsToldInOne(t *testing.T) {
	t.Parallel()
	o := newOps(t)
	p := testkit.Start(t, testkit.Serve{Rules: o.answering()})
	const storm = 300
	for i := range storm {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("e%03d", i)))
	}
	sum := func() (events, failures int) {
		for _, one := range o.all() {
			var n int
			if _, err := fmt.Sscan(one.Count, &n); one.Type == "gavel.run.failed" && err == nil {
				events, failures = events+1, failures+n
			}
		}
		return events, failures
	}
	testkit.Eventually(t, "all failures are told of", func() bool { _, n := sum(); return n == storm })
	if events, n := sum(); n != storm || events > storm/2 {
		t.Errorf("%d events tell of %d failures, want %d", events, n, storm)
	}
	if diff := cmp.Diff([]string{"book"}, o.about("gavel.issue.opened")); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	var issues []struct{ ID, Rule string }
	ask(t, p, &issues, "issues", "list")
	for _, i := range issues {
		if r := testkit.Gavel(t, "issues", "resolve", i.ID, "--database", p.Database); r.Code != 0 {
			t.Fatal(r.Stderr)
		}
	}
	testkit.Eventually(t, "resolved is told", func() bool { return slices.Equal(o.about("gavel.issue.resolved"), []string{"book"}) })
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "again"))
	testkit.Eventually(t, "opened is told again", func() bool { return slices.Equal(o.about("gavel.issue.opened"), []string{"book", "book"}) })
}

// TestAMessageInSlackForManyFailures: a throttle makes one message of them, with
// a link, and what Gavel tells itself is no intake.
func TestAMessageInSlackForManyFailures(t *testing.T) {
	t.Parallel()
	o, s := newOps(t), newSlack(t)
	rules := `connections: { slack: { token: "${{ env.SLACK_BOT_TOKEN }}", api_url: "${{ env.SLACK_API_URL }}" } }
` + o.failing() + `
  - name: tell-ops
    event: [gavel.run.failed, "gavel.source.*"]
    throttle: { once: 1h, per: "gavel.rule ?? event.eventType" }
    actions: [{ slack: { channel: "#sales", text: "${{ gavel.text }} ${{ raw(gavel.url) }}" } }]
`
	p := testkit.Start(t, testkit.Serve{Rules: rules, Env: slackEnv(s), Args: []string{"--console-url", "https://gavel.acme.example", "--expect-event-every", "8s"}})
	for i := range 5 {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("e%d", i)))
	}
	last := sourceOf(t, p).Source
	testkit.Eventually(t, "the failure and the quiet source are in Slack", func() bool { return len(s.Received()) == 2 })
	texts := []string{}
	for _, m := range s.Received() {
		texts = append(texts, m.Text)
	}
	if !strings.Contains(texts[0], "Run failed: rule book") || !strings.Contains(texts[0], "https://gavel.acme.example/runs/") || !strings.Contains(texts[1], "No event has come since") {
		t.Errorf("Slack got %q", texts)
	}
	if now := sourceOf(t, p).Source; now.State != "quiet" || last.LastEvent.IsZero() || now.LastEvent.Sub(last.LastEvent) > time.Second {
		t.Errorf("the source is %+v, before %+v: what Gavel tells is no intake", now, last)
	}
	list := get(t, p, "/events?type=gavel.run.failed")
	if !strings.Contains(list, "Run failed: rule book") || strings.Contains(list, "No event has come") {
		t.Error("the list of events does not say in words what failed")
	}
}

func (o *ops) setDown(down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.down = down
}

// TestAnOutageIsToldOnce: a connection that fails and works again is told once
// each, although what tells it goes over the same connection.
func TestAnOutageIsToldOnce(t *testing.T) {
	t.Parallel()
	o := newOps(t)
	rules := fmt.Sprintf(`connections: { crm: { kind: http, base_url: %s } }
rules:
  - name: copy
    event: scheduling.smartscheduler.scheduled
    actions: [{ http: { connection: crm, method: POST, url: /tell, json: { id: "${{ event.eventId }}" } }, retry: { max: 30, initial: 100ms, longest: 1s } }]
  - name: tell
    event: ["gavel.connection.*", "gavel.rules.*", gavel.schema.drift]
    actions:
      - http: { connection: crm, method: POST, url: /tell, json: { id: "${{ event.eventId }}", type: "${{ event.eventType }}", about: "${{ gavel.connection ?? gavel.path ?? 'rules' }}", text: "${{ gavel.text }}" } }
        retry: { max: 30, initial: 100ms, longest: 1s }
`, o.URL)
	p := testkit.Start(t, testkit.Serve{Rules: rules})
	is := func(eventType string, want ...string) {
		t.Helper()
		testkit.Eventually(t, eventType+" is told", func() bool { return slices.Equal(o.about(eventType), want) })
	}
	p.WriteRules(strings.Replace(rules, "rules:", "rulez:", 1))
	is("gavel.rules.rejected", "rules")
	p.WriteRules(rules + "    description: changed\n")
	is("gavel.rules.loaded", "rules")
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "odd", "meeting.meetingStart", "soon"))
	is("gavel.schema.drift", "data.meetingStart")
	o.setDown(true)
	for i := range 15 {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("e%02d", i)))
	}
	testkit.Eventually(t, "the outage is stored", func() bool {
		return strings.Contains(get(t, p, "/events?type=gavel.connection.failing"), "Connection crm keeps failing")
	})
	o.setDown(false)
	is("gavel.connection.failing", "crm")
	is("gavel.connection.recovered", "crm")
	if r := testkit.Gavel(t, "connections", "pause", "crm", "--for", "10s", "--database", p.Database); r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	is("gavel.connection.paused", "crm")
	time.Sleep(3 * time.Second) // some looks, in which nothing is told again
	for eventType, want := range map[string]int{"gavel.connection.failing": 1, "gavel.connection.recovered": 1, "gavel.connection.paused": 1, "gavel.rules.loaded": 1, "gavel.rules.rejected": 1} {
		if got := len(o.about(eventType)); got != want {
			t.Errorf("%s is told %d times, want %d", eventType, got, want)
		}
	}
}
