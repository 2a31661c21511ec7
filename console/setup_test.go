package console_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
	"github.com/gavel-rules/gavel/watchdog"
)

// rig is a console over a real store.
type rig struct {
	*httptest.Server
	t       *testing.T
	console *console.Console
	store   *sqlite.Store
	feed    *live.Feed
	log     *logbook
	rules   *book
	ready   map[string]string
	watch   *watch
	trace   string // traceparent of the runs that accept makes
	// revision of the runs that accept makes; empty means that in force.
	revision string

	analyst analyst
}

// setup starts a console; change alters its options.
func setup(t *testing.T, change func(*console.Options)) *rig {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlitetest.File(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{
		t: t, store: store, feed: live.NewFeed(), log: &logbook{}, rules: &book{},
		ready: map[string]string{"store": "", "rules": ""},
		watch: &watch{watchdog.Report{State: watchdog.Learning, Basis: "no event received yet"}},
	}
	o := console.Options{Backend: backend.Backend{
		Ledger: store, Operator: operator{store}, Issues: &desk.Desk{Store: store}, Rules: r.rules, Health: probe{checks: r.ready}, Reloader: r.rules, Source: r.watch,
		Analyst: &r.analyst, Version: "test", Logger: slog.New(slog.NewTextHandler(r.log, nil)),
	}, Feed: r.feed}
	if change != nil {
		change(&o)
	}
	c, err := console.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.console, r.Server = c, httptest.NewServer(c)
	t.Cleanup(r.Server.Close)
	t.Cleanup(r.feed.Close)
	return r
}

// accept stores a sample event with one run for each given state.
func (r *rig) accept(eventType, id string, states ...event.Status) []*event.Run {
	r.t.Helper()
	body, err := sample.Body(eventType, id, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return r.acceptBody(body, states...)
}

func (r *rig) acceptBody(body []byte, states ...event.Status) []*event.Run {
	r.t.Helper()
	ev, err := decode.Event(body)
	if err != nil {
		r.t.Fatal(err)
	}
	now := time.Now()
	ev.Received = now
	a := event.Acceptance{Event: ev, Revision: "r1", Now: now}
	var runs []*event.Run
	revision := cmp.Or(r.revision, "r1")
	for i, s := range states {
		run := event.Run{
			ID: ev.ID + "-" + string(rune('a'+i)), EventID: ev.ID, EventType: ev.Type, Rule: "rule-one", Revision: revision,
			MeetingID: ev.Meeting.ID, Status: s, Due: now.Add(time.Hour), Created: now, Updated: now, Trace: r.trace,
		}
		if s.Done() {
			run.Finished = now
		}
		a.Runs = append(a.Runs, event.PlannedRun{Run: run})
		runs = append(runs, &run)
	}
	receipt, err := r.store.Accept(r.t.Context(), a)
	if err != nil {
		r.t.Fatal(err)
	}
	r.feed.EventTaken(&event.Record{Seq: receipt.Seq, Event: ev, Deliveries: 1, Runs: len(runs)})
	return runs
}

// answer is an answer with its body read.
type answer struct {
	*http.Response
	Body string
}

// do sends a request; headers come as pairs of name and value.
func (r *rig) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	client := *r.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{res, string(text)}
}

// page asks for a page as a browser does.
func (r *rig) page(path string) answer {
	r.t.Helper()
	return r.do(http.MethodGet, path, "", "Accept", "text/html,application/xhtml+xml")
}

// decoded reads a JSON answer.
func decoded[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.Body), &v); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	return v
}

// book is a fixed set of rules.
type book struct {
	broken bool
	calm   bool // no connection is in trouble
	quiet  bool // the breakers of the connections are closed
	// several are the rules, if they are not rule-one alone.
	several []api.Rule
}

func (b *book) Rules() []api.Rule {
	if b.several != nil {
		return b.several
	}
	return []api.Rule{{
		Name: "rule-one", Events: []string{event.TypeScheduled}, When: `meeting.id != ""`, File: "rules.yaml", Line: 3, Column: 5, Mode: "live",
		Source:  "- name: rule-one",
		Actions: []api.Action{{ID: "log", Kind: "log", Tries: 1}, {ID: "tell", Kind: "http", Connection: "crm", Tries: 30}},
		Matches: func(t string) bool { return t == event.TypeScheduled },
	}}
}

func (b *book) Load() api.Load {
	l := api.Load{Revision: "r1", Rules: 1, LoadedAt: time.Now(), LastAttempt: time.Now(), OK: !b.broken}
	if b.broken {
		l.Findings = []api.Finding{{Severity: "error", File: "rules.yaml", Line: 7, Column: 2, Rule: "rule-two", Message: `unknown field "usrname"`, Hint: `did you mean "username"?`, Source: "when: meeting.usrname"}}
	}
	return l
}

func (b *book) Preamble() string { return "" }

func (b *book) Connections() []api.Connection {
	if b.calm {
		return nil
	}
	if b.quiet {
		return []api.Connection{{Name: "crm", Kind: "http", MaxInFlight: 16, Breaker: "closed"}, {Name: "slack", Kind: "slack", MaxInFlight: 16, Breaker: "closed"}}
	}
	return []api.Connection{
		{Name: "crm", Kind: "http", InFlight: 2, MaxInFlight: 16, Rate: 5, Parked: 1, Breaker: "open"},
		{Name: "slack", Kind: "slack", MaxInFlight: 16, Breaker: "closed", PausedUntil: time.Now().Add(time.Minute)},
	}
}

func (b *book) Reload(context.Context) (string, []string, bool) {
	return "r1", []string{"a finding"}, !b.broken
}

// operator is the store's own verbs.
type operator struct{ store *sqlite.Store }

func (o operator) Retry(ctx context.Context, id, by string) error {
	return o.store.RetryRun(ctx, id, time.Now(), "retried manually "+by)
}

func (o operator) Cancel(ctx context.Context, id, by string) error {
	return o.store.CancelRun(ctx, id, time.Now(), "canceled manually "+by)
}

func (o operator) RunNow(ctx context.Context, id, by string) error {
	return o.store.RunNow(ctx, id, time.Now(), "started manually "+by)
}

func (o operator) Acknowledge(ctx context.Context, id, by string) error {
	return o.store.AcknowledgeRun(ctx, id, time.Now(), "acknowledged "+by)
}

// probe answers the readiness probe.
type probe struct{ checks, warnings map[string]string }

func (p probe) Ready(context.Context) map[string]string { return p.checks }

func (p probe) Warnings() map[string]string { return p.warnings }

// watch reports the source what a test says.
type watch struct{ source watchdog.Report }

func (w *watch) Report() watchdog.Report { return w.source }

func fixedTime() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// logbook is a log that can be read while it is written.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// analyst counts what it is given. err is its answer when it is set.
type analyst struct {
	events []*event.Event
	runs   []*event.Run
	err    error
	asked  report.Options
	// unready is the answer of Counted when it is set.
	unready *report.Unready
}

func (a *analyst) Counted(context.Context, report.Options) error {
	if a.unready != nil {
		return a.unready
	}
	return nil
}

func (a *analyst) Report(_ context.Context, o report.Options) (*report.Report, error) {
	a.asked = o
	tally := report.New(o)
	for _, ev := range a.events {
		tally.Event(ev)
	}
	for _, run := range a.runs {
		tally.Run(run)
	}
	return tally.Report(), a.err
}
