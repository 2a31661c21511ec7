package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/ruleset"
)

// apiRules make every kind of answer that the API can give about an event.
const apiRules = `
connections:
  desk: { kind: http, base_url: "http://127.0.0.1:1" }
rules:
  - name: later
    event: scheduling.smartscheduler.scheduled
    when: meeting.meetingInfo.meetingName != "" and (meeting.isCanceled or meeting.id != "")
    actions:
      - log: { message: "hello ${{ meeting.meetingInfo.primaryInviteeName }}" }
      - id: rest
        wait: { for: 5d }
      - log: { message: late }
  - name: broken
    description: It cannot be sent, because nothing listens there.
    event: scheduling.*
    actions:
      - id: call
        http: { connection: desk, url: / }
        retry: { max: 1 }
      - when: actions.call.status > 299
        log: { message: never }
  - name: dark
    event: scheduling.*
    mode: shadow
    actions: [ log: { message: hi } ]
  - name: many
    event: scheduling.*
    threshold: { count: 5, within: 1h, per: meeting.meetingOwner.username }
    throttle: { once: 1h }
    actions: [ log: { message: "${{ window.count }}" } ]
  - name: other
    enabled: false
    event: organization.*
    actions: [ log: { message: hi } ]
`

const apiToken = "sesame-open"

// apiRig is a whole Gavel that can be asked over its API.
type apiRig struct {
	t      *testing.T
	app    *app.App
	rules  string // the file
	client *http.Client
	docs   routers.Router
	doc    *openapi3.T
	mu     sync.Mutex
	seen   map[string]bool // operation and status; guarded by mu
}

func startAPI(t *testing.T) *apiRig {
	t.Helper()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(apiRules), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Options{
		Rules: ruleset.Options{Paths: []string{rules}}, Database: "sqlite:" + filepath.Join(dir, "gavel.db"),
		Listen: "127.0.0.1:0", Console: "127.0.0.1:0", ConsoleToken: apiToken, Version: "test", LogLevel: &slog.LevelVar{},
		Receiver: receiver.Options{Signature: receiver.Signature{Secrets: []receiver.Secret{{Value: testkit.Secret}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := a.Stop(); err != nil {
			t.Error(err)
		}
	})
	r := &apiRig{t: t, app: a, rules: rules, client: client, seen: map[string]bool{}}
	if r.doc, err = openapi3.NewLoader().LoadFromFile("../console/openapi.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := r.doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.docs, err = gorillamux.NewRouter(r.doc); err != nil {
		t.Fatal(err)
	}
	return r
}

// post sends a sample event to the receiver.
func (r *apiRig) post(eventType, id string, set ...string) {
	r.t.Helper()
	a, err := testkit.Post(r.t, r.client, "http://"+r.app.Addr(), testkit.Secret, testkit.Sample(r.t, eventType, id, set...))
	if err != nil || a.Code != http.StatusOK {
		r.t.Fatalf("post %s: %v %d %s", id, err, a.Code, a.Body)
	}
}

// reply is an answer of the API with its body read.
type reply struct {
	*http.Response
	body []byte
}

// ask sends a request below /api/v1. Headers come as pairs of name and value;
// an empty value takes a header away.
func (r *apiRig) ask(method, path, body string, headers ...string) reply {
	r.t.Helper()
	res := r.open(method, path, body, headers...)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply{res, text}
}

func (r *apiRig) open(method, path, body string, headers ...string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://"+r.app.ConsoleAddr()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	if method == http.MethodPost || method == http.MethodPut {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if req.Header.Del(headers[i]); headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// check holds an answer against the document.
func (r *apiRig) check(a reply) error {
	req := a.Request.Clone(r.t.Context())
	req.URL = &url.URL{Path: a.Request.URL.Path, RawPath: a.Request.URL.RawPath, RawQuery: a.Request.URL.RawQuery}
	req.Body = http.NoBody
	route, params, err := r.docs.FindRoute(req)
	if err != nil {
		return fmt.Errorf("it is not in the document: %w", err)
	}
	r.mu.Lock()
	r.seen[fmt.Sprint(route.Operation.OperationID, " ", a.StatusCode)] = true
	r.mu.Unlock()
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		},
		Status: a.StatusCode, Header: a.Header, Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if kind := a.Header.Get("Content-Type"); strings.HasPrefix(kind, "application/yaml") || strings.HasPrefix(kind, "text/") || kind == "application/vnd.sqlite3" {
		in.Options.ExcludeResponseBody = true
	}
	in.SetBodyBytes(a.body)
	return openapi3filter.ValidateResponse(r.t.Context(), in)
}

// settled waits until every run has ended or waits.
func (r *apiRig) settled() {
	r.t.Helper()
	testkit.Eventually(r.t, "runs end or wait", func() bool {
		var page api.Page[*event.Run]
		if err := json.Unmarshal(r.ask("GET", "/runs?status=pending,running", "").body, &page); err != nil {
			r.t.Fatal(err)
		}
		return len(page.Items) == 0
	})
}

func (r *apiRig) run(status, rule string) string {
	r.t.Helper()
	var page api.Page[*event.Run]
	a := r.ask("GET", "/runs?status="+status+"&rule="+rule, "")
	if err := json.Unmarshal(a.body, &page); err != nil || len(page.Items) == 0 {
		r.t.Fatalf("no %s run of %s: %v %s", status, rule, err, a.body)
	}
	return page.Items[0].ID
}

// issue returns the id of the only issue.
func (r *apiRig) issue() string {
	r.t.Helper()
	var page api.Page[api.Issue]
	a := r.ask("GET", "/issues", "")
	if err := json.Unmarshal(a.body, &page); err != nil || len(page.Items) != 1 {
		r.t.Fatalf("the issues: %v %s", err, a.body)
	}
	return page.Items[0].ID
}

// TestEveryAnswerIsAsDocumented draws every answer that the document lists out
// of a real Gavel: each status of each operation.
func TestEveryAnswerIsAsDocumented(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	r.post(event.TypeScheduled, "e-1")
	r.post(event.TypeScheduled, "e-1") // a repeat
	r.post(event.TypeCanceled, "e-2")
	r.post(event.TypeWebhookTest, "e-3")
	r.post(event.TypeScheduled, "e 4/?#%", "meeting.id", "m-4")
	r.post(event.TypeWebhookTest, "twin-1")
	r.post(event.TypeWebhookTest, "twin-2")
	r.settled()
	failed, waiting := r.run("failed", "broken"), r.run("waiting", "later")
	large := `{"email":"` + strings.Repeat("x", 5<<20) + `"}`
	type ask struct {
		method, path, body string
		want               int
		headers            []string
	}
	asks := []ask{
		{"GET", "/events?limit=2", "", 200, nil},
		{"GET", "/events?type=scheduling.*&since=1h&outcome=matched&q=sample&owner=a", "", 200, nil},
		{"GET", "/events/e-1", "", 200, nil},
		{"GET", "/events/" + url.PathEscape("e 4/?#%"), "", 200, nil},
		{"GET", "/events/none", "", 404, nil},
		{"GET", "/events/e-1/explanation", "", 200, nil},
		{"GET", "/events/e-2/explanation?rule=many&at=2026-03-02T09:00:00Z", "", 200, nil},
		{"GET", "/events/e-1/explanation?rule=nobody", "", 400, nil},
		{"GET", "/events/none/explanation", "", 404, nil},
		{"GET", "/events/e-1/test", "", 200, nil},
		{"GET", "/events/none/test", "", 404, nil},
		{"GET", "/events/twin-", "", 409, nil},
		{"GET", "/events/twin-/explanation", "", 409, nil},
		{"GET", "/events/twin-/test", "", 409, nil},
		{"GET", "/runs/" + failed[:4], "", 409, nil},
		{"GET", "/runs/" + failed[:4] + "/upcoming", "", 409, nil},
		{"GET", "/meetings/m-4", "", 200, nil},
		{"GET", "/meetings/none", "", 404, nil},
		{"GET", "/runs?limit=1", "", 200, nil},
		{"GET", "/runs/" + failed, "", 200, nil},
		{"GET", "/runs/" + waiting, "", 200, nil},
		{"GET", "/runs/none", "", 404, nil},
		{"GET", "/export/events?limit=2", "", 200, nil},
		{"GET", "/export/runs?limit=2", "", 200, nil},
		{"GET", "/comparison?shadow=dark&live=broken", "", 200, nil},
		{"GET", "/rules", "", 200, nil},
		{"GET", "/rules/activity", "", 200, nil},
		{"GET", "/status", "", 200, nil},
		{"GET", "/report?since=7d&zone=Europe/Paris&late=2h&top=3", "", 200, nil},
		{"GET", "/day", "", 200, nil},
		{"GET", "/openapi.yaml", "", 200, nil},
		{"GET", "/events?type=a*b", "", 400, nil},
		{"GET", "/live/events?outcome=good", "", 400, nil},
		{"GET", "/runs?status=lost", "", 400, nil},
		{"POST", "/explanations", tryBody(t, apiRules), 200, nil},
		{"POST", "/explanations", tryBody(t, "rules: [ { name: x } ]"), 200, nil},
		{"POST", "/explanations", `{"rules":"","event":{}}`, 400, nil},
		{"POST", "/backtests", backtestBody(t, apiRules), 200, nil},
		{"POST", "/backtests", backtestBody(t, "rules: [ { name: x } ]"), 200, nil},
		{"POST", "/backtests", `{"rules":[]}`, 400, nil},
		{"POST", "/backtests", `{"rules":[{"name":"r.yaml","content":""}],"samples":51}`, 400, nil},
		{"POST", "/moves", `{"rule":"later"}`, 200, nil},
		{"POST", "/moves", `{"rule":"later","confirm":true}`, 200, nil},
		{"POST", "/moves", `{"rule":""}`, 400, nil},
		{"POST", "/rules/later/apply", `{}`, 200, nil},
		{"POST", "/rules/dark/apply", `{"confirm":true}`, 200, nil},
		{"POST", "/rules/many/apply", `{}`, 400, nil},
		{"POST", "/rules/later/apply", `{"cursor":"there"}`, 400, nil},
		{"POST", "/rules/latr/apply", `{}`, 404, nil},
		{"POST", "/rules/later/apply", `{"confirm":true,"revision":"of-yesterday"}`, 409, nil},
		{"POST", "/runs/" + failed + "/retry", "", 200, nil},
		{"POST", "/runs/" + waiting + "/retry", "", 409, nil},
		{"POST", "/runs/none/retry", "", 404, nil},
		{"POST", "/runs/" + waiting + "/run-now", "", 200, nil},
		{"POST", "/runs/none/run-now", "", 404, nil},
		{"POST", "/runs/none/cancel", "", 404, nil},
		{"POST", "/erasures", `{"email":"nobody@globex.example"}`, 200, nil},
		{"POST", "/events/e-1/replay", `{}`, 200, nil},
		{"POST", "/events/e-2/replay", `{"confirm":true,"rule":"broken"}`, 200, nil},
		{"POST", "/events/e-1/replay", `{"rule":"other"}`, 400, nil},
		{"POST", "/events/e-1/replay", `{"key":"00000000-0000-4000-8000-000000000000"}`, 400, nil},
		{"POST", "/events/e-1/replay", `{"confirm":true,"revision":"of-yesterday"}`, 409, nil},
		{"POST", "/events/none/replay", `{}`, 404, nil},
		{"POST", "/backups", "", 200, nil},
		{"POST", "/erasures", `{"email":"jane"}`, 400, nil},
		{"POST", "/erasures", `{"email":"nobody@globex.example"}`, 200, []string{"If-None-Match", "*"}},
		{"GET", "/log-level", "", 200, nil},
		{"PUT", "/log-level", `{"level":"warn"}`, 200, []string{"If-None-Match", "*"}},
		{"PUT", "/log-level", `{"level":"loud"}`, 400, nil},
	}
	for path, item := range r.doc.Paths.Map() {
		path = strings.Replace(strings.TrimPrefix(path, "/api/v1"), "{id}", "e-1", 1)
		path = strings.Replace(path, "{name}", "desk", 1)
		for method := range item.Operations() {
			asks = append(asks, ask{method, path, "", 401, []string{"Authorization", ""}})
			asks = append(asks, ask{method, path + "?surplus=1", "", 400, nil})
		}
		for method, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			asks = append(asks,
				ask{method, path, "email=x", 415, []string{"Content-Type", "application/x-www-form-urlencoded"}},
				ask{method, path, large, 413, nil})
		}
	}
	for _, c := range asks {
		a := r.ask(c.method, c.path, c.body, c.headers...)
		if a.StatusCode != c.want {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, a.StatusCode, clipped(a.body), c.want)
			continue
		}
		if err := r.check(a); err != nil {
			t.Errorf("%s %s: %v\n%s", c.method, c.path, err, clipped(a.body))
		}
		if c.method == "GET" && c.want == 200 {
			r.conditional(c.path, a)
		}
	}
	r.settled()
	issue, sleeping := r.issue(), r.run("waiting", "later")
	for _, c := range []ask{
		{"GET", "/connections", "", 200, nil},
		{"GET", "/connections/desk", "", 200, nil},
		{"GET", "/connections/none", "", 404, nil},
		{"GET", "/rules/later", "", 200, nil},
		{"GET", "/rules/none", "", 404, nil},
		{"GET", "/refused", "", 200, nil},
		{"GET", "/issues", "", 200, nil},
		{"GET", "/issues/" + issue, "", 200, nil},
		{"GET", "/issues/none", "", 404, nil},
		{"GET", "/scheduled", "", 200, nil},
		{"GET", "/runs/" + sleeping + "/upcoming", "", 200, nil},
		{"GET", "/runs/none/upcoming", "", 404, nil},
		{"POST", "/runs/" + sleeping + "/postpone", `{"until":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `"}`, 200, nil},
		{"POST", "/runs/" + failed + "/postpone", `{"until":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `"}`, 409, nil},
		{"POST", "/runs/none/postpone", `{"until":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `"}`, 404, nil},
		{"POST", "/rules/later/pause", `{"for":"2h","reason":"a test"}`, 200, nil},
		{"POST", "/rules/later/pause", `{}`, 409, nil},
		{"POST", "/rules/none/pause", `{}`, 404, nil},
		{"GET", "/pauses", "", 200, nil},
		{"GET", "/scheduled?rule=later", "", 200, nil},
		{"GET", "/status", "", 200, nil},
		{"POST", "/rules/later/resume", `{}`, 200, nil},
		{"POST", "/rules/later/resume", `{"confirm":true}`, 200, nil},
		{"POST", "/rules/later/resume", `{"confirm":true}`, 404, nil},
		{"POST", "/connections/desk/pause", `{}`, 200, nil},
		{"POST", "/connections/desk/pause", `{}`, 409, nil},
		{"POST", "/connections/none/pause", `{}`, 404, nil},
		{"POST", "/connections/desk/resume", `{"confirm":true}`, 200, nil},
		{"POST", "/connections/desk/resume", `{}`, 404, nil},
		{"POST", "/pause", `{}`, 200, nil},
		{"POST", "/pause", `{}`, 409, nil},
		{"POST", "/resume", `{"confirm":true}`, 200, nil},
		{"POST", "/resume", `{}`, 404, nil},
		{"POST", "/runs/" + r.run("failed", "broken") + "/acknowledge", "", 200, nil},
		{"POST", "/runs/" + sleeping + "/acknowledge", "", 409, nil},
		{"POST", "/runs/none/acknowledge", "", 404, nil},
		{"POST", "/issues/" + issue + "/mute", `{"for":"2h"}`, 200, nil},
		{"POST", "/issues/none/mute", `{"for":"2h"}`, 404, nil},
		{"POST", "/issues/" + issue + "/unmute", "", 200, nil},
		{"POST", "/issues/" + issue + "/unmute", "", 409, nil},
		{"POST", "/issues/none/unmute", "", 404, nil},
		{"POST", "/issues/" + issue + "/retry", `{}`, 200, nil},
		{"POST", "/issues/none/retry", `{}`, 404, nil},
		{"POST", "/issues/" + issue + "/resolve", `{}`, 200, nil},
		{"POST", "/issues/" + issue + "/resolve", `{}`, 409, nil},
		{"POST", "/issues/none/resolve", `{}`, 404, nil},
		{"POST", "/issues/" + issue + "/mute", `{"for":"2h"}`, 409, nil},
		{"POST", "/issues/" + issue + "/retry", `{}`, 409, nil},
		{"POST", "/runs/" + waiting + "/run-now", "", 409, nil},
		{"POST", "/runs/" + waiting + "/cancel", "", 409, nil},
		{"POST", "/runs/" + r.run("waiting", "later") + "/cancel", "", 200, nil},
	} {
		a := r.ask(c.method, c.path, c.body)
		if err := r.check(a); err != nil || a.StatusCode != c.want {
			t.Errorf("%s %s: %d, want %d: %v\n%s", c.method, c.path, a.StatusCode, c.want, err, a.body)
		}
		if c.method == "GET" && c.want == 200 {
			r.conditional(c.path, a)
		}
	}
	r.fillViews()
	// It takes events for 20 seconds; TestTooMuchToCount of console draws it.
	r.seen["showReport 503"] = true
	// It takes two at the same time; TestOneBacktestAtATime of desk draws it.
	r.seen["backtest 409"] = true
	for _, item := range r.doc.Paths.Map() {
		for _, op := range item.Operations() {
			for status := range op.Responses.Map() {
				if !r.seen[op.OperationID+" "+status] {
					t.Errorf("%s lists the status %s, which nothing here has drawn out of it", op.OperationID, status)
				}
			}
		}
	}
}

// conditional asks again with the ETag, and for the head alone.
func (r *apiRig) conditional(path string, first reply) {
	r.t.Helper()
	head := r.ask("HEAD", path, "")
	if head.StatusCode != 200 || len(head.body) > 0 || head.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		r.t.Errorf("HEAD %s: %d, %d bytes of %s", path, head.StatusCode, len(head.body), head.Header.Get("Content-Type"))
	}
	// What changes with time, such as the age of a window, has another tag.
	a := r.ask("GET", path, "", "If-None-Match", head.Header.Get("ETag"))
	if a.StatusCode == 200 && a.Header.Get("ETag") != head.Header.Get("ETag") {
		a = r.ask("GET", path, "", "If-None-Match", "*")
	}
	if a.StatusCode != 304 || len(a.body) > 0 {
		r.t.Errorf("%s with the ETag it has: %d", path, a.StatusCode)
		return
	}
	if err := r.check(a); err != nil {
		r.t.Errorf("%s, unchanged: %v", path, err)
	}
}

// fillViews opens live views until there are too many.
func (r *apiRig) fillViews() {
	r.t.Helper()
	for range 100 {
		res := r.open("GET", "/live/events", "")
		r.t.Cleanup(func() { _ = res.Body.Close() })
		if err := r.check(reply{res, nil}); err != nil && res.StatusCode == 200 {
			r.t.Fatal(err)
		}
		if res.StatusCode != 200 {
			text, err := io.ReadAll(res.Body)
			if err == nil {
				err = r.check(reply{res, text})
			}
			if err != nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
				r.t.Errorf("one live view too many: %d %v %s", res.StatusCode, err, text)
			}
			return
		}
	}
	r.t.Error("there is no end to live views")
}

func tryBody(t *testing.T, rules string) string {
	t.Helper()
	raw, err := json.Marshal(api.TryRequest{Rules: rules, Event: testkit.Sample(t, event.TypeScheduled, "tried")})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func backtestBody(t *testing.T, rules string) string {
	t.Helper()
	raw, err := json.Marshal(api.BacktestRequest{Rules: []api.RulesFile{{Name: "new.yaml", Content: rules}}, Samples: 2})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func clipped(text []byte) string { return string(text[:min(len(text), 2000)]) }

// TestDocumentIsClosed puts a field too many into each object of real answers,
// and wants the check above to see it.
func TestDocumentIsClosed(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	r.post(event.TypeScheduled, "e-1", "meeting.id", "m-1")
	r.settled()
	// Free are objects whose fields are not Gavel's: of the vendor, of rules and
	// of destinations.
	free := []string{"checks", "ended", "body", "results", "request", "response", "effect", "value", "meeting"}
	paths := []string{
		"/events", "/events/e-1", "/events/e-1/explanation", "/meetings/m-1", "/runs", "/runs/" + r.run("waiting", "later"),
		"/export/events", "/export/runs", "/comparison?shadow=dark&live=broken", "/rules", "/rules/activity", "/status", "/day",
	}
	for _, path := range paths {
		a := r.ask("GET", path, "")
		var v any
		if err := json.Unmarshal(a.body, &v); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(v); err != nil || r.check(reply{a.Response, again}) != nil {
			t.Fatalf("%s: %v %v", path, err, r.check(reply{a.Response, again}))
		}
		places := objects(v, "", free)
		for _, place := range slices.Sorted(maps.Keys(places)) {
			object := places[place]
			object["surplus"] = "x"
			body, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			delete(object, "surplus")
			if err := r.check(reply{a.Response, body}); err == nil {
				t.Errorf("%s: a field too many in %q is not seen", path, place)
			}
		}
	}
}

// objects finds one object for each place in an answer.
func objects(v any, place string, free []string) map[string]map[string]any {
	out := map[string]map[string]any{}
	add := func(more map[string]map[string]any) {
		for p, o := range more {
			if out[p] == nil {
				out[p] = o
			}
		}
	}
	switch x := v.(type) {
	case map[string]any:
		if place != ".runs" || x["pending"] == nil { // counts by state
			out[place] = x
		}
		for name, inner := range x {
			if !slices.Contains(free, name) {
				add(objects(inner, place+"."+name, free))
			}
		}
	case []any:
		for _, inner := range x {
			add(objects(inner, place+"[]", free))
		}
	}
	return out
}

// TestRequestsThatMakeNoSense pins what the document does not say of single
// operations.
func TestRequestsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	problem := func(a reply) api.Problem {
		t.Helper()
		var p api.Problem
		if err := json.Unmarshal(a.body, &p); err != nil || a.Header.Get("Content-Type") != "application/problem+json" || p.Status != a.StatusCode || p.Title == "" {
			t.Errorf("%s %s is answered %d with no problem: %v %s", a.Request.Method, a.Request.URL, a.StatusCode, err, a.body)
		}
		return p
	}
	for _, path := range []string{"/nothing", "/events/e-1/nothing", "/"} {
		a := r.ask("GET", path, "")
		if p := problem(a); a.StatusCode != 404 || p.Type != api.UnknownAddress {
			t.Errorf("%s: %d of type %s", path, a.StatusCode, p.Type)
		}
	}
	for path, allow := range map[string]string{"/events": "GET, HEAD", "/erasures": "POST", "/runs/x/retry": "POST"} {
		a := r.ask("DELETE", path, "")
		if problem(a); a.StatusCode != 405 || a.Header.Get("Allow") != allow {
			t.Errorf("DELETE %s: %d, allowed %q", path, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	for path, want := range map[string]string{
		"/runs?stauts=failed":         `unknown parameter "stauts"; use status, rule`,
		"/events?type=a&type=b":       `the parameter "type" is given more than once`,
		"/status?x=1":                 `unknown parameter "x": this address has no parameters`,
		"/comparison?shadow=a":        "name two rules",
		"/events?since=yesterday":     "write a time such as",
		"/events/x/explanation?at=no": "write a time such as",
	} {
		if a := r.ask("GET", path, ""); a.StatusCode != 400 || !strings.Contains(problem(a).Detail, want) {
			t.Errorf("%s: %d %s, want %q", path, a.StatusCode, a.body, want)
		}
	}
	for body, want := range map[string]string{
		"":                                 "not the expected JSON",
		"{":                                "not the expected JSON",
		`{"email":1}`:                      "not the expected JSON",
		`{"e-mail":"a@b.example"}`:         `unknown field "e-mail"`,
		`{"email":"a@b.example"} x`:        "after the JSON",
		`{"email":"a@b.example"}{}`:        "after the JSON",
		`{"email":"","confirm":true}`:      "give one email address",
		`[{"email":"a@b.example"}]`:        "not the expected JSON",
		`{"email":"a@b.example\u0000"}`:    "",
		`{"email":"a@b.example","x":true}`: `unknown field "x"`,
	} {
		a := r.ask("POST", "/erasures", body)
		if want == "" && a.StatusCode == 200 {
			continue
		}
		if a.StatusCode != 400 || !strings.Contains(problem(a).Detail, want) {
			t.Errorf("POST %s: %d %s, want %q", body, a.StatusCode, a.body, want)
		}
	}
	if a := r.ask("GET", "/status", ""); a.Header.Get(api.VersionHeader) != "test" {
		t.Errorf("the version is %q", a.Header.Get(api.VersionHeader))
	}
	if a := r.ask("GET", "/status", "", "Authorization", "Bearer wrong"); a.Header.Get(api.VersionHeader) != "" {
		t.Error("strangers are told the version")
	}
}

// TestLiveEvents reads events over the API as they come.
func TestLiveEvents(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	res := r.open("GET", "/live/events?type=scheduling.*", "")
	defer res.Body.Close()
	r.post(event.TypeWebhookTest, "e-0")
	r.post(event.TypeScheduled, "e-1", "meeting.meetingInfo.meetingName", "a<b")
	var text bytes.Buffer
	buffer := make([]byte, 4096)
	deadline := time.AfterFunc(time.Minute, func() { _ = res.Body.Close() })
	defer deadline.Stop()
	for !strings.Contains(text.String(), "e-1") {
		n, err := res.Body.Read(buffer)
		if text.Write(buffer[:n]); err != nil {
			t.Fatalf("%v after %s", err, text.String())
		}
	}
	if strings.Contains(text.String(), "e-0") || !strings.Contains(text.String(), "event: event\ndata: {\"event_id\":\"e-1\"") {
		t.Errorf("it sends %s", text.String())
	}
}
