package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/explain"
)

// clerk is a desk that notes what it is asked. err is its answer when it is set.
type clerk struct {
	t     *testing.T
	asked []string
	err   error
	plan  api.Replay
	trial *api.Trial
}

func (c *clerk) note(format string, args ...any) {
	c.asked = append(c.asked, fmt.Sprintf(format, args...))
}

// last is what it was asked last; it forgets it.
func (c *clerk) last() string {
	asked := strings.Join(c.asked, "; ")
	c.asked = nil
	return asked
}

func (c *clerk) Explain(_ context.Context, id string, q api.ExplainQuery) (*api.Explanation, error) {
	c.note("explain %s rule=%s at=%s", id, q.Rule, q.At.Format(time.RFC3339))
	return &api.Explanation{Explanation: &explain.Explanation{Rules: []*explain.RuleExplanation{{Rule: "rule-one", Verdict: explain.VerdictNoMatch, Reason: "its condition was false here"}}}}, c.err
}

func (c *clerk) Try(_ context.Context, r api.TryRequest) (*api.Trial, error) {
	c.note("try %s with %s", r.Rules, r.Event)
	return c.trial, c.err
}

func (c *clerk) Backtest(_ context.Context, r api.BacktestRequest) (*api.BacktestAnswer, error) {
	c.note("backtest %d files, samples=%d", len(r.Rules), r.Samples)
	return &api.BacktestAnswer{Findings: []api.Finding{}}, c.err
}

func (c *clerk) Remembered(context.Context, *event.MeetingState) ([]api.Remembered, error) {
	return []api.Remembered{}, nil
}

func (c *clerk) RecordTest(_ context.Context, id string) ([]byte, error) {
	c.note("test %s", id)
	return []byte("tests: []\n"), c.err
}

func (c *clerk) Replay(_ context.Context, id string, r api.ReplayRequest, by string) (*api.Replay, error) {
	c.note("replay %s %+v %s", id, r, by)
	return &c.plan, c.err
}

func (c *clerk) Erase(_ context.Context, r api.EraseRequest) (*api.Erasure, error) {
	c.note("erase %+v", r)
	return &api.Erasure{Events: []string{"ev-1"}}, c.err
}

func (c *clerk) Move(_ context.Context, r api.MoveRequest) (*api.Moves, error) {
	c.note("move %+v", r)
	return &api.Moves{Rule: r.Rule}, c.err
}

func (c *clerk) Compare(_ context.Context, q api.CompareQuery) (*api.Comparison, error) {
	c.note("compare %s with %s since=%s samples=%d", q.Shadow, q.Live, q.Since.Format(time.RFC3339), q.Samples)
	return &api.Comparison{}, c.err
}

func (c *clerk) RuleAt(_ context.Context, revision, rule string) (*api.Rule, error) {
	return &api.Rule{Name: rule, File: "rules.yaml", Line: 3, Source: "- name: " + rule + " # as in " + revision, Actions: []api.Action{{ID: "old", Kind: "log"}}}, nil
}

func (c *clerk) Windows(_ context.Context, rule string) ([]api.WindowNow, error) {
	c.note("windows %s", rule)
	return nil, c.err
}

func (c *clerk) Activity(context.Context) ([]event.RuleActivity, error) {
	c.note("activity")
	return nil, c.err
}

func (c *clerk) Apply(_ context.Context, rule string, r api.ApplyRequest, by string) (*api.Application, error) {
	c.note("apply %s %+v %s", rule, r, by)
	runs := []api.AppliedRun{{MeetingID: "m/1", Start: time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC), Due: time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC), Then: api.AppliedWaits}}
	out := &api.Application{Rule: rule, Revision: "abc", Applied: r.Confirm, Added: 21, Skipped: 2, Late: 3, Had: 12, Unmatched: 40, Runs: runs}
	if r.Cursor == "" {
		out.Next = "1-2"
	}
	return out, c.err
}

func (c *clerk) Pauses(context.Context) ([]api.Pause, error) {
	c.note("pauses")
	return []api.Pause{{Pause: event.Pause{Key: event.PauseRule("rule-one"), By: "by hand"}, Held: 34, Past: 5}}, c.err
}

func (c *clerk) Pause(_ context.Context, key event.PauseKey, r api.PauseRequest, by string) (*api.Pause, error) {
	c.note("pause %s %+v %s", key, r, by)
	return &api.Pause{Pause: event.Pause{Key: key, By: by}}, c.err
}

func (c *clerk) Resume(_ context.Context, key event.PauseKey, r api.ResumeRequest, by string) (*api.Resumption, error) {
	c.note("resume %s %+v %s", key, r, by)
	return &api.Resumption{Pause: api.Pause{Pause: event.Pause{Key: key, By: by}}, Resumed: r.Confirm}, c.err
}

func (c *clerk) Scheduled(_ context.Context, q api.ScheduledQuery) (*api.ScheduledPage, error) {
	c.note("scheduled %+v", q)
	return &api.ScheduledPage{}, c.err
}

func (c *clerk) Upcoming(_ context.Context, id string) (*api.Scheduled, error) {
	c.note("upcoming %s", id)
	return &api.Scheduled{ListedRun: api.ListedRun{Run: &event.Run{ID: id, Status: event.StatusWaiting}}}, c.err
}

func (c *clerk) Postpone(_ context.Context, id string, until time.Time, by string) error {
	c.note("postpone %s until %s %s", id, until.Format(time.RFC3339), by)
	return c.err
}

func (c *clerk) Backup(context.Context) (*os.File, error) {
	c.note("backup")
	if c.err != nil {
		return nil, c.err
	}
	name := filepath.Join(c.t.TempDir(), "copy")
	if err := os.WriteFile(name, []byte("SQLite format 3"), 0o600); err != nil {
		return nil, err
	}
	return os.Open(name)
}

// withDesk starts a console with a desk at the fixed time.
func withDesk(t *testing.T) (*rig, *clerk) {
	t.Helper()
	c := &clerk{t: t, trial: &api.Trial{Findings: []api.Finding{}}, plan: api.Replay{EventID: "ev-1", Revision: "r1", Key: "the-key"}}
	return setup(t, func(o *console.Options) { o.Desk, o.Now = c, fixedTime }), c
}

func TestDeskIsAskedOverTheAPI(t *testing.T) {
	t.Parallel()
	r, c := withDesk(t)
	for _, ask := range []struct{ method, path, body, want string }{
		{"GET", "/events/ev%2F1/explanation", "", "explain ev/1 rule= at=0001-01-01T00:00:00Z"},
		{"GET", "/events/e/explanation?rule=a&at=1h", "", "explain e rule=a at=2026-03-01T11:00:00Z"},
		{"GET", "/events/e/test", "", "test e"},
		{"POST", "/events/e/replay", `{"rule":"a","confirm":true,"key":"k"}`, "replay e {Rule:a Confirm:true Revision: Key:k} over the API from 127.0.0.1"},
		{"POST", "/explanations", `{"rules":"rules: []","event":{}}`, "try rules: [] with {}"},
		{"POST", "/erasures", `{"email":"a@b.example","confirm":true}`, "erase {Email:a@b.example Confirm:true}"},
		{"POST", "/moves", `{"rule":"a"}`, "move {Rule:a Confirm:false}"},
		{"POST", "/rules/a%2Fb/apply", `{"confirm":true,"revision":"r","cursor":"1-2"}`, "apply a/b {Confirm:true Revision:r Cursor:1-2} over the API from 127.0.0.1"},
		{"GET", "/pauses", "", "pauses"},
		{"GET", "/scheduled?rule=a&connection=crm&held=rule/b&due_before=24h&limit=7", "", "scheduled {Rule:a Connection:crm Held:rule/b DueBefore:2026-03-02 12:00:00 +0000 UTC Behind:<nil> Limit:7}"},
		{"GET", "/runs/r1/upcoming", "", "upcoming r1"},
		{"POST", "/pause", `{"for":"2h","reason":"x"}`, "pause all {For:2h Reason:x} over the API from 127.0.0.1"},
		{"POST", "/rules/a%2Fb/pause", `{}`, "pause rule/a/b {For: Reason:} over the API from 127.0.0.1"},
		{"POST", "/connections/crm/resume", `{"confirm":true}`, "resume connection/crm {Confirm:true} over the API from 127.0.0.1"},
		{"POST", "/resume", `{}`, "resume all {Confirm:false} over the API from 127.0.0.1"},
		{"GET", "/comparison?shadow=a&live=b", "", "compare a with b since=0001-01-01T00:00:00Z samples=5"},
		{"GET", "/comparison?shadow=a&live=b&since=1d&samples=0", "", "compare a with b since=2026-02-28T12:00:00Z samples=0"},
		{"GET", "/comparison?shadow=a&live=b&samples=1000", "", "compare a with b since=0001-01-01T00:00:00Z samples=1000"},
		{"GET", "/rules/activity", "", "activity"},
		{"POST", "/backups", "", "backup"},
	} {
		do := func() answer {
			return r.do(ask.method, "/api/v1"+ask.path, ask.body, "Content-Type", "application/json; charset=utf-8")
		}
		if a := do(); a.StatusCode != http.StatusOK || a.Header.Get("Gavel-Version") != "test" {
			t.Errorf("%s %s: %d %v %s", ask.method, ask.path, a.StatusCode, a.Header, a.Body)
		}
		if got := c.last(); got != ask.want {
			t.Errorf("%s %s asks %q, want %q", ask.method, ask.path, got, ask.want)
		}
		for err, want := range map[error]int{event.ErrInvalid: 400, event.ErrNotFound: 404, event.ErrConflict: 409, event.ErrUnavailable: 503, errors.New("a secret table"): 500} {
			c.err = fmt.Errorf("here: %w", err)
			if a := do(); a.StatusCode != want || a.Header.Get("Content-Type") != "application/problem+json" || strings.Contains(a.Body, "secret") {
				t.Errorf("%s %s: %v is answered %d %s", ask.method, ask.path, err, a.StatusCode, a.Body)
			}
		}
		c.err = nil
		c.last()
	}
	a := r.do("POST", "/api/v1/backups", "")
	if a.Body != "SQLite format 3" || a.ContentLength != 15 || a.Header.Get("Content-Type") != "application/vnd.sqlite3" || a.Header.Get("Cache-Control") != "no-store" ||
		a.Header.Get("Content-Disposition") != `attachment; filename="gavel-backup.db"` {
		t.Errorf("a backup is %q with %v", a.Body, a.Header)
	}
	if a := r.do("GET", "/api/v1/events/e/test", ""); a.Body != "tests: []\n" || a.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("a test is %q with %v", a.Body, a.Header)
	}
	if a := r.do("GET", "/api/v1/rules/activity", ""); strings.TrimSpace(a.Body) != `{"items":[]}` {
		t.Errorf("no activity is %s", a.Body)
	}
}

// TestMalformedRequests reach nobody, and the answer says what is wrong.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	r, c := withDesk(t)
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	sized := func(n int) string { return `{"email":"` + strings.Repeat("a", n-len(`{"email":""}`)) + `"}` }
	for _, ask := range []struct {
		method, path, kind, body string
		status                   int
		want                     string
	}{
		{"POST", "/erasures", form, `{"email":"a@b.example"}`, 415, "application/json"},
		{"POST", "/erasures", "", `{"email":"a@b.example"}`, 415, "application/json"},
		{"POST", "/erasures", asJSON, `{"email":"a@b.example"} {}`, 400, "extra data after the JSON"},
		{"POST", "/erasures", asJSON, `{"email":"a@b.example"}]`, 400, "JSON"},
		{"POST", "/erasures", asJSON, `{"mail":"a@b.example"}`, 400, `unknown field \"mail\"`},
		{"POST", "/erasures", asJSON, `{"email":1}`, 400, "cannot unmarshal"},
		{"POST", "/erasures", asJSON, "", 400, "JSON: EOF"},
		{"POST", "/erasures", asJSON, sized(16<<10 + 1), 413, "larger than 16384 bytes"},
		{"POST", "/moves", asJSON, `{`, 400, "JSON"},
		{"POST", "/moves", asJSON, `{"confirm":true}`, 400, "rule: name the rule whose waiting runs to move"},
		{"POST", "/events/e/replay", asJSON, `[]`, 400, "JSON"},
		{"POST", "/explanations", asJSON, `"` + strings.Repeat("a", 4<<20) + `"`, 413, "larger than 4194304 bytes"},
		{"GET", "/comparison?shadow=a", "", "", 400, "name two rules: shadow and live"},
		{"GET", "/comparison?live=a", "", "", 400, "name two rules: shadow and live"},
		{"GET", "/comparison?shadow=a&live=b&samples=-1", "", "", 400, "a number from 0 to 1000"},
		{"GET", "/comparison?shadow=a&live=b&samples=1001", "", "", 400, "a number from 0 to 1000"},
		{"GET", "/comparison?shadow=a&live=b&samples=x", "", "", 400, "a number from 0 to 1000"},
		{"GET", "/events/e/explanation?at=soon", "", "", 400, "write a time such as"},
		{"GET", "/events/e/explanation?when=1h", "", "", 400, `unknown parameter \"when\"`},
		{"GET", "/events/e/explanation?at=1h&at=2h", "", "", 400, `the parameter \"at\" is given more than once`},
		{"GET", "/status?" + strings.Repeat("x", 100) + "=1", "", "", 400, strings.Repeat("x", 59) + `…`},
		{"GET", "/live/events?limit=1", "", "", 400, "unknown parameter"},
	} {
		a := r.do(ask.method, "/api/v1"+ask.path, ask.body, "Content-Type", ask.kind)
		if a.StatusCode != ask.status || !strings.Contains(a.Body, ask.want) {
			t.Errorf("%s %s: %d %s, want %d %s", ask.method, ask.path, a.StatusCode, a.Body, ask.status, ask.want)
		}
	}
	if got := c.last(); got != "" {
		t.Errorf("the desk is asked %s", got)
	}
	if a := r.do("POST", "/api/v1/erasures", sized(16<<10), "Content-Type", asJSON); a.StatusCode != http.StatusOK {
		t.Errorf("as much as may be sent is answered %d %s", a.StatusCode, a.Body)
	}
}

// TestWithoutADesk its addresses are not there.
func TestWithoutADesk(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.accept(event.TypeScheduled, "ev-1")
	for _, path := range []string{"/api/v1/events/ev-1/explanation", "/api/v1/rules/activity", "/api/v1/log-level", "/playground", "/events/ev-1/replay"} {
		if a := r.do("GET", path, ""); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if a := r.page("/events/ev-1"); strings.Contains(a.Body, "/replay") || strings.Contains(a.Body, "/playground?event") || !strings.Contains(a.Body, `<a href="/rules/rule-one">`) {
		t.Errorf("the page of an event:\n%s", a.Body)
	}
}

func TestPlayground(t *testing.T) {
	t.Parallel()
	r, c := withDesk(t)
	r.accept(event.TypeScheduled, "ev-1", event.StatusSucceeded)
	check := func(what string, a answer, status int, want ...string) {
		t.Helper()
		if a.StatusCode != status {
			t.Errorf("%s: %d, want %d", what, a.StatusCode, status)
		}
		for _, w := range want {
			if !strings.Contains(a.Body, w) {
				t.Errorf("%s does not hold %q:\n%s", what, w, a.Body)
			}
		}
	}
	check("the page", r.page("/playground"), 200, "alert-on-cancellation", "&#34;scheduling.smartscheduler.canceled&#34;", "2026-03-01T12:00:00")
	check("a type", r.page("/playground?type="+event.TypeRescheduled), 200, "&#34;"+event.TypeRescheduled+"&#34;")
	check("an unknown type", r.page("/playground?type=nothing"), 200, "&#34;"+event.TypeCanceled+"&#34;")
	check("an event", r.page("/playground?event=ev-1"), 200, "&#34;ev-1&#34;", "- name: rule-one # as in r1", `action="/playground#answer"`)
	check("an event that is not there", r.page("/playground?event=ev-2"), 404, "Not found")
	check("a rule", r.page("/playground?rule=rule-one"), 200, "rules:\n  - name: rule-one")
	check("a rule that is not there", r.page("/playground?rule=rule-two"), 200, "alert-on-cancellation")
	if a := r.page("/playground"); strings.Contains(a.Body, `id="answer"`) {
		t.Error("there is an answer before a question")
	}

	const form = "application/x-www-form-urlencoded"
	try := func() answer {
		return r.do("POST", "/playground", "rules=rules%3A+%5B%5D&event=%7B%7D", "Content-Type", form)
	}
	check("no rules", try(), 200, "There are no rules.", ">rules: []<", ">{}<")
	if got := c.last(); got != "try rules: [] with {}" {
		t.Errorf("the desk is asked %q", got)
	}
	c.trial.Explanation = &explain.Explanation{Rules: []*explain.RuleExplanation{{Rule: "rule-new", Verdict: explain.VerdictMatched}}}
	check("a match", try(), 200, "rule-new", "Matches")
	c.trial = &api.Trial{Findings: []api.Finding{{Severity: "error", Message: "unknown field"}}}
	check("a finding", try(), 200, "unknown field")
	c.err = fmt.Errorf("%w: line 1 is no JSON", event.ErrInvalid)
	check("half an event", try(), 200, "The event: ", "line 1 is no JSON", "unknown field")
	c.trial = nil
	check("half an event and nothing else", try(), 200, "line 1 is no JSON")
	c.err = errors.New("a secret table")
	check("a fault", try(), 500, "Something went wrong")
	c.err = nil
	check("too much", r.do("POST", "/playground", "rules="+strings.Repeat("x", 4<<20), "Content-Type", form), 413, "4 MB")
}

func TestReplayPage(t *testing.T) {
	t.Parallel()
	r, c := withDesk(t)
	r.accept(event.TypeScheduled, "ev-1")
	const form = "application/x-www-form-urlencoded"
	if a := r.page("/events/ev-1/replay"); a.StatusCode != 200 || !strings.Contains(a.Body, "no rule in force matches this event") || strings.Contains(a.Body, "<button class=\"primary\">Start") {
		t.Errorf("nothing to replay: %d %s", a.StatusCode, a.Body)
	}
	c.plan.Runs = []api.ReplayedRun{{Rule: "rule-one", Actions: []string{"log", "http"}, Status: event.StatusPending}, {Rule: "rule-two", Status: event.StatusSkipped}, {Rule: "rule-six", Status: event.StatusFailed}}
	c.last()
	a := r.page("/events/ev-1/replay?rule=rule-one")
	for _, want := range []string{"Start 1 run<", `name="key" value="the-key"`, `name="revision" value="r1"`, `name="rule" value="rule-one"`, "log, http", "Would be skipped", "Would fail", "Would start"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if got := c.last(); got != "replay ev-1 {Rule:rule-one Confirm:false Revision: Key:} in the console from 127.0.0.1" {
		t.Errorf("the desk is asked %q", got)
	}
	a = r.do("POST", "/events/ev-1/replay", "rule=rule-one&key=the-key&revision=r1", "Content-Type", form)
	if got := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || got != "/events/ev-1?done=replay" {
		t.Errorf("%d leads to %q", a.StatusCode, got)
	}
	if got := c.last(); got != "replay ev-1 {Rule:rule-one Confirm:true Revision:r1 Key:the-key} in the console from 127.0.0.1" {
		t.Errorf("the desk is asked %q", got)
	}
	if a := r.page("/events/none/replay"); a.StatusCode != http.StatusNotFound || c.last() != "" {
		t.Errorf("an event that is not there: %d", a.StatusCode)
	}
	for err, want := range map[error]struct {
		status int
		text   string
	}{
		fmt.Errorf("replay: %w: the rules have changed", event.ErrConflict): {409, "The rules have changed. Go back to the event"},
		fmt.Errorf("%w: no such rule", event.ErrInvalid):                    {400, "Nothing was started"},
		event.ErrUnavailable:         {503, "The database does not answer"},
		errors.New("a secret table"): {500, "Something went wrong"},
	} {
		c.err = err
		for _, a := range []answer{r.page("/events/ev-1/replay"), r.do("POST", "/events/ev-1/replay", "key=k", "Content-Type", form)} {
			if a.StatusCode != want.status || !strings.Contains(a.Body, want.text) || strings.Contains(a.Body, "secret") {
				t.Errorf("%v: %d %s", err, a.StatusCode, a.Body)
			}
		}
	}
}

// TestEventPageExplains with the rules as they stood when the event came.
func TestEventPageExplains(t *testing.T) {
	t.Parallel()
	r, c := withDesk(t)
	r.accept(event.TypeScheduled, "ev-1")
	a := r.page("/events/ev-1")
	for _, want := range []string{"its condition was false here", "Does not match", `href="/events/ev-1/replay"`, `href="/playground?event=ev-1"`, "by the rules in force <", "checked before it was stored", `data-copy="payload"`} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if got := c.last(); !strings.HasPrefix(got, "explain ev-1 rule= at=20") {
		t.Errorf("the desk is asked %q", got)
	}
	c.err = errors.New("a secret table")
	if a := r.page("/events/ev-1"); a.StatusCode != 200 || !strings.Contains(a.Body, "<h2>Why</h2>") || strings.Contains(a.Body, "condition was false here") || strings.Contains(a.Body, "secret") {
		t.Errorf("without an explanation: %d %s", a.StatusCode, a.Body)
	}
	if !strings.Contains(r.log.String(), "a secret table") {
		t.Error("the log does not say why")
	}
	body, err := json.Marshal(map[string]any{"eventId": "big", "eventType": "a.big.one", "eventTimestamp": fixedTime(), "data": map[string]string{"text": strings.Repeat("x", 70<<10)}})
	if err != nil {
		t.Fatal(err)
	}
	r.acceptBody(body)
	if a := r.page("/events/big"); !strings.Contains(a.Body, "cut here") || strings.Contains(a.Body, `data-copy="payload"`) {
		t.Error("a payload that was cut can be copied as if it were whole")
	}
}
