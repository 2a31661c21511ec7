package console_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

// document is openapi.yaml, checked.
func document(t *testing.T) routers.Router {
	t.Helper()
	raw, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// asDocumented checks an answer against the document.
func asDocumented(t *testing.T, docs routers.Router, a answer) {
	t.Helper()
	req := a.Request.Clone(t.Context())
	req.URL = &url.URL{Path: a.Request.URL.Path, RawPath: a.Request.URL.RawPath, RawQuery: a.Request.URL.RawQuery}
	req.Body = http.NoBody
	route, params, err := docs.FindRoute(req)
	if err != nil {
		t.Fatalf("%s %s is not in the document: %v", req.Method, req.URL, err)
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		},
		Status: a.StatusCode, Header: a.Header, Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	in.SetBodyBytes([]byte(a.Body))
	if err := openapi3filter.ValidateResponse(t.Context(), in); err != nil {
		t.Errorf("%s %s: %v\n%s", req.Method, req.URL, err, a.Body)
	}
}

func TestAnswersAreAsDocumented(t *testing.T) {
	t.Parallel()
	docs := document(t)
	r := setup(t, nil)
	r.rules.broken = true
	failed := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed, event.StatusSucceeded)[0]
	waiting := r.accept(event.TypeRescheduled, "ev-2", event.StatusWaiting)[0]
	r.accept("something/new & odd", "id/with ?#% odd", event.StatusCanceled)
	r.analyst.events, r.analyst.runs = numbers(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/status", 200},
		{"GET", "/rules", 200},
		{"GET", "/rules/rule-one", 200},
		{"GET", "/rules/nothing", 404},
		{"GET", "/refused", 200},
		{"GET", "/connections", 200},
		{"GET", "/connections/crm", 200},
		{"GET", "/connections/nothing", 404},
		{"GET", "/report", 200},
		{"GET", "/report?since=7d&zone=Asia/Tokyo&late=2h&top=3", 200},
		{"GET", "/report?since=2026-03-01&until=2026-02-01", 400},
		{"GET", "/report?zone=../../etc/passwd", 400},
		{"GET", "/report?zone=Local", 400},
		{"GET", "/report?late=soon", 400},
		{"GET", "/report?top=0", 400},
		{"GET", "/events", 200},
		{"GET", "/events?type=scheduling.*&limit=1&since=1h&outcome=matched&q=sample", 200},
		{"GET", "/events/ev-1", 200},
		{"GET", "/events/" + url.PathEscape("id/with ?#% odd"), 200},
		{"GET", "/meetings/" + failed.MeetingID, 200},
		{"GET", "/runs?status=failed,waiting&shadow=false", 200},
		{"GET", "/runs/" + failed.ID, 200},
		{"POST", "/runs/" + failed.ID + "/retry", 200},
		{"POST", "/runs/" + failed.ID + "/retry", 409},
		{"POST", "/runs/" + waiting.ID + "/run-now", 200},
		{"POST", "/runs/" + waiting.ID + "/cancel", 200},
		{"POST", "/runs/none/cancel", 404},
		{"GET", "/events/none", 404},
		{"GET", "/meetings/none", 404},
		{"GET", "/runs/none", 404},
		{"GET", "/events?limit=0", 400},
		{"GET", "/events?limit=501", 400},
		{"GET", "/events?cursor=x", 400},
		{"GET", "/events?outcome=good", 400},
		{"GET", "/events?type=a*b", 400},
		{"GET", "/events?since=yesterday", 400},
		{"GET", "/events?q=" + strings.Repeat("x", 300), 400},
		{"GET", "/runs?status=lost", 400},
		{"GET", "/runs?shadow=maybe", 400},
	} {
		a := r.do(c.method, "/api/v1"+c.path, "")
		if a.StatusCode != c.want {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, a.StatusCode, a.Body, c.want)
			continue
		}
		asDocumented(t, docs, a)
	}
}

// list is a page of the API by ids.
type list struct {
	Items []struct {
		ID    string `json:"id"`
		Event string `json:"event_id"`
	}
	Next string
}

func TestCursorsLeadThroughEverythingOnce(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	var want []string
	for i := range 7 {
		id := "ev-" + strconv.Itoa(i)
		r.accept(event.TypeScheduled, id, event.StatusSucceeded)
		want = append([]string{id}, want...)
	}
	for _, path := range []string{"/events?limit=3", "/events?limit=2&q=ev-", "/runs?limit=3"} {
		var got []string
		for cursor, pages := "", 0; pages < 9; pages++ {
			l := decoded[list](t, r.do("GET", "/api/v1"+path+"&cursor="+cursor, ""))
			for _, item := range l.Items {
				got = append(got, item.Event)
			}
			if cursor = l.Next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestDamagedRowsAreShown: what cannot be read is said, and spoils neither its
// own page nor a list.
func TestDamagedRowsAreShown(t *testing.T) {
	t.Parallel()
	docs := document(t)
	r := setup(t, nil)
	ev := event.Event{
		Envelope: event.Envelope{ID: "ev-bad", Type: event.TypeScheduled, Timestamp: time.Now()},
		Meeting:  &event.Meeting{ID: "m1"}, Change: &event.Change{}, Test: &event.Test{}, Body: []byte("\xff{"),
	}
	now := time.Now()
	run := event.Run{ID: "run-bad", EventID: ev.ID, EventType: ev.Type, Rule: "r", Revision: "v", Status: event.StatusPending, Due: now, Created: now, Updated: now}
	if _, err := r.store.Accept(t.Context(), event.Acceptance{Event: &ev, Revision: "v", Now: now, Runs: []event.PlannedRun{{Run: run}}, Owner: "me", LeaseUntil: now.Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	run.Status, run.Finished = event.StatusFailed, now
	bad := event.Attempt{RunID: run.ID, Started: now, Ended: now, Outcome: event.OutcomeFailed, Response: json.RawMessage("{\xff")}
	if err := r.store.Record(t.Context(), event.Progress{Run: &run, Owner: "me", Attempts: []event.Attempt{bad}}); err != nil {
		t.Fatal(err)
	}
	r.accept(event.TypeScheduled, "ev-good", event.StatusSucceeded)
	for _, path := range []string{"/events", "/events/ev-bad", "/runs", "/runs/run-bad", "/meetings/m1", "/export/events"} {
		a := r.do("GET", "/api/v1"+path, "")
		if a.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.Body)
		}
		if path != "/export/events" {
			asDocumented(t, docs, a)
		}
		if path == "/events/ev-bad" && !strings.Contains(a.Body, "cannot be read") {
			t.Errorf("%s does not say that it is damaged: %s", path, a.Body)
		}
	}
	for _, path := range []string{"/", "/events", "/events/ev-bad", "/runs", "/runs/run-bad", "/meetings/m1"} {
		if a := r.do("GET", path, ""); a.StatusCode != 200 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

func TestUnchangedAnswersAreNotSentAgain(t *testing.T) {
	t.Parallel()
	docs := document(t)
	r := setup(t, nil)
	r.accept(event.TypeScheduled, "ev-1")
	first := r.do("GET", "/api/v1/events", "")
	tag := first.Header.Get("ETag")
	again := r.do("GET", "/api/v1/events", "", "If-None-Match", `"other", W/`+tag)
	if again.StatusCode != http.StatusNotModified || again.Body != "" {
		t.Errorf("the second answer is %d %q", again.StatusCode, again.Body)
	}
	asDocumented(t, docs, again)
	r.accept(event.TypeScheduled, "ev-2")
	if a := r.do("GET", "/api/v1/events", "", "If-None-Match", tag); a.StatusCode != http.StatusOK {
		t.Errorf("after a change the answer is %d", a.StatusCode)
	}
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	raw, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if a := r.do("GET", "/api/v1/openapi.yaml", ""); !bytes.Equal([]byte(a.Body), raw) {
		t.Error("the document served is another one")
	}
}
