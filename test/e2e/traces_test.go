package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// traced is the environment of a process that sends its spans at once.
func traced(c *testkit.Collector, more ...string) []string {
	return append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_BSP_SCHEDULE_DELAY=20"}, more...)
}

// trace returns the spans of the trace that began with an event's arrival, in
// the order in which they began.
func trace(c *testkit.Collector, eventID string) []testkit.Span {
	all := c.Spans()
	slices.SortStableFunc(all, func(a, b testkit.Span) int { return cmp.Compare(a.Start, b.Start) })
	for _, root := range all {
		if root.Parent == "" && root.Attributes["gavel.event.id"] == eventID {
			return slices.DeleteFunc(all, func(s testkit.Span) bool { return s.Trace != root.Trace })
		}
	}
	return nil
}

// tree writes spans with their children indented below them.
func tree(spans []testkit.Span) string {
	var b strings.Builder
	var write func(parent, indent string)
	write = func(parent, indent string) {
		for _, s := range spans {
			if s.Parent != parent {
				continue
			}
			outcome := s.Attributes["gavel.attempt.outcome"] + s.Attributes["http.response.status_code"] + s.Attributes["gavel.run.status"]
			fmt.Fprintln(&b, indent+strings.Join(strings.Fields(fmt.Sprint(s.Name, " ", s.Kind, " ", outcome, " ", s.Status)), " "))
			write(s.ID, indent+"  ")
		}
	}
	write("", "")
	return b.String()
}

// wantTree waits until the trace of an event looks like want.
func wantTree(t *testing.T, c *testkit.Collector, eventID, want string) []testkit.Span {
	t.Helper()
	want = strings.TrimLeft(want, "\n")
	deadline := time.Now().Add(60 * time.Second)
	for tree(trace(c, eventID)) != want && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	if diff := gocmp.Diff(want, tree(trace(c, eventID))); diff != "" {
		t.Fatalf("the trace of %s (-want +got):\n%s", eventID, diff)
	}
	return trace(c, eventID)
}

// TestTraceFromEventToCRM follows one event through everything, over both
// protocols, and looks for what must not be in a trace.
func TestTraceFromEventToCRM(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			c := testkit.NewCollector(t)
			endpoint := c.URL
			if protocol == "grpc" {
				endpoint = c.GRPC
			}
			crm := standin.NewCRM(standin.CRMOptions{ClientID: "gavel", ClientSecret: "crm-secret"})
			must(t, crm.Start(""))
			t.Cleanup(func() { _ = crm.Stop(t.Context()) })
			p := testkit.Start(t, testkit.Serve{
				Args: []string{"--log-format", "json"},
				Env: []string{
					"CRM_SECRET=crm-secret", "OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=" + protocol,
					"OTEL_EXPORTER_OTLP_HEADERS=api-key=collector-secret", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_BSP_SCHEDULE_DELAY=20",
					"OTEL_SERVICE_NAME=gavel-north", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test",
				},
				Rules: fmt.Sprintf(crmRules, fmt.Sprintf("    base_url: %s\n    auth: { oauth2: { token_url: %s, client_id: gavel, client_secret: \"${{ env.CRM_SECRET }}\" } }", crm.URL(), crm.TokenURL())),
			})
			p.MustPost(testkit.Sample(t, event.TypeCanceled, "traced", "meeting.meetingInfo.primaryInvitee", "ada@globex.example", "meeting.meetingInfo.primaryInviteeName", "Ada Lovelace"))
			spans := wantTree(t, c, "traced", `
POST /webhooks/cirrus-insight SERVER 200
  match INTERNAL
  store CLIENT
  run book INTERNAL succeeded
    attempt find INTERNAL succeeded
      POST CLIENT 200
      GET CLIENT 200
    attempt create INTERNAL succeeded
      POST CLIENT 201
`)
			checkCarried(t, crm, spans)
			checkNothingPrivate(t, c, "ada@", "Ada", "Lovelace", "globex", "crm-secret", "collector-secret", testkit.Secret, "/contacts", p.RulesFile)
			for _, s := range spans {
				if s.Resource["service.name"] != "gavel-north" || s.Resource["deployment.environment.name"] != "test" || s.Resource["service.instance.id"] == "" {
					t.Fatalf("resource: %v", s.Resource)
				}
			}
			for _, h := range c.Headers() {
				if h.Get("Api-Key") != "collector-secret" {
					t.Errorf("headers of the exporter: %v", h)
				}
			}
			if line := logLine(t, p, "run succeeded"); line["trace_id"] != spans[0].Trace || line["span_id"] != named(spans, "run book").ID {
				t.Errorf("the line of the run: %v", line)
			}
			if strings.Contains(p.Log(), "collector-secret") {
				t.Error("the log tells a header of the exporter")
			}
		})
	}
}

// checkCarried checks that the CRM was told of the span that called it.
func checkCarried(t *testing.T, crm *standin.CRM, spans []testkit.Span) {
	t.Helper()
	var carried, want []string
	for _, call := range crm.Received() {
		carried = append(carried, call.Header.Get("Traceparent"))
	}
	for _, s := range spans {
		if s.Kind == "CLIENT" && spans[index(spans, s.Parent)].Name != "attempt find" == (s.Name == "POST") && s.Name != "store" {
			want = append(want, fmt.Sprintf("00-%s-%s-01", s.Trace, s.ID))
		}
	}
	if diff := gocmp.Diff(want, carried); diff != "" {
		t.Errorf("traceparent at the CRM (-spans +headers):\n%s", diff)
	}
}

func index(spans []testkit.Span, id string) int {
	return slices.IndexFunc(spans, func(s testkit.Span) bool { return s.ID == id })
}

func named(spans []testkit.Span, name string) testkit.Span {
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	return testkit.Span{}
}

func checkNothingPrivate(t *testing.T, c *testkit.Collector, private ...string) {
	t.Helper()
	for _, s := range c.Spans() {
		for _, word := range private {
			if text := fmt.Sprintf("%+v", s); strings.Contains(text, word) {
				t.Errorf("a span tells %q: %s", word, text)
			}
		}
	}
}

// logLine returns the first line of a log in JSON that says msg.
func logLine(t *testing.T, p *testkit.Process, msg string) map[string]string {
	t.Helper()
	for _, raw := range strings.Split(p.Log(), "\n") {
		line := map[string]any{}
		if json.Unmarshal([]byte(raw), &line) != nil || line["msg"] != msg {
			continue
		}
		out := map[string]string{}
		for k, v := range line {
			out[k] = fmt.Sprint(v)
		}
		return out
	}
	t.Fatalf("no line of the log says %q:\n%s", msg, p.Log())
	return nil
}

// TestTraceOutlivesTheProcess kills the process after it has answered two
// events: one whose action is under way, one whose run has not begun. What is
// done later, by another process, belongs to the same traces.
func TestTraceOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return testkit.NewDatabase(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, g := testkit.NewCollector(t), newTarget(t)
			g.hold()
			start := testkit.Serve{
				Database: database(t), Rules: tellTarget(g.URL, "traced"), Env: traced(c), Args: []string{"--workers", "1"},
			}
			p := testkit.Start(t, start)
			p.MustPost(canceled(t, "under-way"))
			testkit.Eventually(t, "the first action is under way", func() bool { return len(g.all()) == 1 })
			p.MustPost(canceled(t, "to-come"))
			before := wantTree(t, c, "to-come", "POST /webhooks/cirrus-insight SERVER 200\n  match INTERNAL\n  store CLIENT\n")
			testkit.Eventually(t, "the first event's spans have come", func() bool { return len(trace(c, "under-way")) == 3 })
			p.Kill()
			g.release()
			if name == "postgres" {
				testkit.Start(t, start) // as on another machine
			} else {
				p.Restart()
			}
			after := wantTree(t, c, "to-come", `
POST /webhooks/cirrus-insight SERVER 200
  match INTERNAL
  store CLIENT
  run tell-the-target INTERNAL succeeded
    attempt http#1 INTERNAL unknown ERROR
    attempt http#1 INTERNAL succeeded
      POST CLIENT 200
`)
			if named(after, "run tell-the-target").Resource["service.instance.id"] == before[0].Resource["service.instance.id"] {
				t.Error("the run's span names the process that was killed")
			}
			wantTree(t, c, "under-way", `
POST /webhooks/cirrus-insight SERVER 200
  match INTERNAL
  store CLIENT
  run tell-the-target INTERNAL succeeded
    attempt http#1 INTERNAL unknown ERROR
    attempt http#1 INTERNAL succeeded
      POST CLIENT 200
`)
			for _, call := range g.all() {
				if parent := call.Header.Get("Traceparent"); !strings.Contains(parent, trace(c, call.EventID)[0].Trace) {
					t.Errorf("%s carried %q", call.EventID, parent)
				}
			}
		})
	}
}

// TestTraceOfFailures shows a try that failed and the next one.
func TestTraceOfFailures(t *testing.T) {
	t.Parallel()
	c, g := testkit.NewCollector(t), newTarget(t, reply{}, reply{status: 503, body: "secret of the target"}, reply{status: 200}, reply{status: 404})
	p := testkit.Start(t, testkit.Serve{Env: traced(c), Rules: fmt.Sprintf(`rules:
  - name: stubborn
    event: scheduling.smartscheduler.canceled
    actions:
      - http: { method: POST, url: "%s/hook", query: { who: "${{ meeting.meetingInfo.primaryInvitee }}" } }
        retry: { initial: 10ms }
`, g.URL)})
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "retried", "meeting.meetingInfo.primaryInvitee", "ada@globex.example"))
	spans := wantTree(t, c, "retried", `
POST /webhooks/cirrus-insight SERVER 200
  match INTERNAL
  store CLIENT
  run stubborn INTERNAL pending
    attempt http#1 INTERNAL unknown ERROR
      POST CLIENT ERROR
  run stubborn INTERNAL pending
    attempt http#1 INTERNAL failed ERROR
      POST CLIENT 503 ERROR
  run stubborn INTERNAL succeeded
    attempt http#1 INTERNAL succeeded
      POST CLIENT 200
`)
	var causes []string
	for _, s := range spans {
		if cause := s.Attributes["error.type"]; cause != "" {
			causes = append(causes, s.Name+" "+cause)
		}
	}
	if diff := gocmp.Diff([]string{"attempt http#1 network", "POST network", "attempt http#1 server", "POST 503"}, causes); diff != "" {
		t.Errorf("error types (-want +got):\n%s", diff)
	}
	p.MustPost(canceled(t, "refused"))
	wantTree(t, c, "refused", `
POST /webhooks/cirrus-insight SERVER 200
  match INTERNAL
  store CLIENT
  run stubborn INTERNAL failed ERROR
    attempt http#1 INTERNAL failed ERROR
      POST CLIENT 404 ERROR
`)
	checkNothingPrivate(t, c, "ada@", "globex", "secret of the target", "/hook")
}

// TestTraceOfABusyConnection has runs stand in line at a connection: that
// leaves no spans of its own.
func TestTraceOfABusyConnection(t *testing.T) {
	t.Parallel()
	c, g := testkit.NewCollector(t), newTarget(t)
	g.hold()
	p := testkit.Start(t, testkit.Serve{Env: traced(c), Rules: fmt.Sprintf(`connections:
  narrow: { kind: http, base_url: "%s", max_in_flight: 1 }
rules:
  - name: queue
    event: scheduling.smartscheduler.canceled
    actions: [ { http: { connection: narrow, method: POST, url: /hook, query: { event: "${{ event.eventId }}" } } } ]
`, g.URL)})
	const events = 5
	for i := range events {
		p.MustPost(testkit.Sample(t, event.TypeCanceled, fmt.Sprintf("queued-%d", i), "meeting.id", fmt.Sprintf("meeting-%d", i)))
	}
	testkit.Eventually(t, "runs stand in line", func() bool {
		return len(g.all()) == 1 && len(listRuns(t, p, "--status", "running")) == events
	})
	g.release()
	for i := range events {
		wantTree(t, c, fmt.Sprintf("queued-%d", i), `
POST /webhooks/cirrus-insight SERVER 200
  match INTERNAL
  store CLIENT
  run queue INTERNAL succeeded
    attempt http#1 INTERNAL succeeded
      POST CLIENT 200
`)
	}
}

// TestTraceOfTheSender sends an event from within a trace: it is linked and
// not continued, and a request that is not signed leaves no span at all.
func TestTraceOfTheSender(t *testing.T) {
	t.Parallel()
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
	c, g := testkit.NewCollector(t), newTarget(t)
	p := testkit.Start(t, testkit.Serve{Env: traced(c), Rules: strings.Replace(tellTarget(g.URL, "linked"),
		"json:", "headers: { traceparent: the-authors-own }\n          json:", 1)})
	send := func(body []byte, signature string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+testkit.ReceiverPath, bytes.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(testkit.SignatureHeader, signature)
		req.Header.Set("Traceparent", "00-"+theirs+"-01")
		req.Header.Set("Tracestate", "vendor=words-of-a-stranger")
		res, err := p.Client.Do(req)
		must(t, err)
		must(t, res.Body.Close())
		return res.StatusCode
	}
	body := canceled(t, "forged")
	if code := send(body, testkit.Sign("not the secret", body)); code != http.StatusUnauthorized {
		t.Errorf("a forged event: %d", code)
	}
	body = canceled(t, "linked")
	if code := send(body, testkit.Sign(testkit.Secret, body)); code != http.StatusOK {
		t.Errorf("a signed event: %d", code)
	}
	testkit.Eventually(t, "the trace is there", func() bool { return len(trace(c, "linked")) == 6 })
	root := trace(c, "linked")[0]
	if !slices.Equal(root.Links, []string{theirs}) || strings.Contains(theirs, root.Trace) {
		t.Errorf("the root: trace %s, links %v; want a trace of its own and a link to %s", root.Trace, root.Links, theirs)
	}
	if trace(c, "forged") != nil || len(c.Spans()) != 6 {
		t.Errorf("a request without a valid signature left a span: %v", c.Spans())
	}
	if got := g.last().Header.Values("Traceparent"); !slices.Equal(got, []string{"the-authors-own"}) {
		t.Errorf("the author's own header became %q", got)
	}
	checkNothingPrivate(t, c, "words-of-a-stranger")
}

// TestTracesSwitchedOff sends no span and no header unless it is asked to.
func TestTracesSwitchedOff(t *testing.T) {
	t.Parallel()
	c := testkit.NewCollector(t)
	for name, env := range map[string][]string{
		"nothing set":    nil,
		"disabled":       traced(c, "OTEL_SDK_DISABLED=true"),
		"exporter none":  traced(c, "OTEL_TRACES_EXPORTER=none"),
		"sampled to nil": traced(c, "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t)
			p := testkit.Start(t, testkit.Serve{Env: env, Rules: tellTarget(g.URL, "off")})
			p.MustPost(canceled(t, "quiet"))
			endedRun(t, p, "quiet")
			parent := g.last().Header.Get("Traceparent")
			if name == "sampled to nil" && !strings.HasSuffix(parent, "-00") || name != "sampled to nil" && parent != "" {
				t.Errorf("traceparent %q", parent)
			}
			if code := p.Stop(); code != 0 {
				t.Errorf("it ended with %d", code)
			}
			if n := len(c.Spans()); n != 0 {
				t.Errorf("%d spans came", n)
			}
		})
	}
}

// TestCollectorInTrouble has collectors that are away, slow, or refuse: events
// and runs go on, the log says it once, and nothing is said of the key.
func TestCollectorInTrouble(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"away": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"full": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "too busy for "+r.Header.Get("api-key"), http.StatusServiceUnavailable)
		},
		"refusing": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "who is "+r.Header.Get("api-key"), http.StatusUnauthorized)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, g := testkit.NewCollector(t), newTarget(t)
			c.Answer(answer)
			p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "on"), Env: traced(c,
				"OTEL_EXPORTER_OTLP_HEADERS=api-key=collector-secret", "OTEL_EXPORTER_OTLP_TIMEOUT=300", "OTEL_BSP_EXPORT_TIMEOUT=500", "OTEL_BSP_MAX_QUEUE_SIZE=8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4")})
			const events = 20
			for i := range events {
				p.MustPost(canceled(t, fmt.Sprintf("event-%02d", i)))
			}
			testkit.Eventually(t, "every action came", func() bool { return len(g.byEvent()) == events })
			testkit.Eventually(t, "the log says that spans are lost", func() bool { return strings.Contains(p.Log(), "cannot send spans") })
			if name == "slow" { // the others empty the queue faster than it fills
				testkit.Eventually(t, "the log says that the queue is full", func() bool {
					p.MustPost(canceled(t, fmt.Sprintf("more-%d", len(g.all()))))
					return strings.Contains(p.Log(), "span queue is full")
				})
			}
			c.Answer(nil)
			testkit.Eventually(t, "spans come again", func() bool {
				p.MustPost(canceled(t, fmt.Sprintf("again-%d", len(g.all()))))
				return len(c.Spans()) > 0 && strings.Contains(p.Log(), "sending spans works again")
			})
			c.Answer(answer)
			p.MustPost(canceled(t, "last"))
			if code := p.Stop(); code != 0 {
				t.Errorf("it ended with %d", code)
			}
			log := p.Log()
			if n := strings.Count(log, "cannot send spans"); n != 1 {
				t.Errorf("the log says %d times within a minute that spans are lost:\n%s", n, log)
			}
			if strings.Contains(log, "collector-secret") {
				t.Errorf("the log tells the key:\n%s", log)
			}
		})
	}
}
