package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestEveryTypeIsKept sends all documented types, and one that nobody has
// heard of, and reads them back as they came.
func TestEveryTypeIsKept(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(`rules:
  - name: every-type
    event: "*"
    actions:
      - http: { url: "%s/hook", query: { event: "${{ event.eventId }}" }, json: { type: "${{ event.eventType }}", of: "${{ data.vendor.of ?? 'nobody' }}" } }
`, g.URL)})
	for _, eventType := range []string{
		event.TypeWebhookTest, event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled,
		event.TypeSettingChanged, event.TypeProfileChanged, event.TypeServiceAccountChanged,
		"organization.colour.changed", "scheduling.smartscheduler.reassigned", "a.type.of.tomorrow",
	} {
		body := testkit.Sample(t, eventType, eventType)
		p.MustPost(body)
		shown := showEvent(t, p, eventType)
		if shown.EventType != eventType || shown.Runs != 1 {
			t.Errorf("%s: shown as %q with %d runs", eventType, shown.EventType, shown.Runs)
		}
		if diff := cmp.Diff(compact(t, body), compact(t, shown.Body)); diff != "" {
			t.Errorf("%s (-sent +shown):\n%s", eventType, diff)
		}
	}
	testkit.Eventually(t, "the rule for every type was carried out", func() bool { return len(g.byEvent()) == 10 })
}

// TestUnknownFieldsAreKept has fields that no type knows, and values that a
// careless decoder would change.
func TestUnknownFieldsAreKept(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := []byte(`{"zeta":1,"eventId":"odd","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-09T12:00:00Z",` +
		`"huge":123456789012345678901234567890,"exact":1.10,"exponent":1e400,"twice":1,"twice":2,"escaped":"\u003c\ud83d\ude00\/","empty":{},"none":null,` +
		`"data":{"id":"m-1","meetingStart":"2026-03-10T09:00:00","newField":{"deep":[1,[2,[3]]]},"meetingInfo":{"formValues":[{"question":"Q","answerText":"A","points":0.10}]}}}`)
	p.MustPost(body)
	if diff := cmp.Diff(string(body), compact(t, showEvent(t, p, "odd").Body)); diff != "" {
		t.Errorf("(-sent +shown):\n%s", diff)
	}
	text := testkit.Gavel(t, "events", "show", "odd", "--database", p.Database).Stdout
	for _, want := range []string{`"huge": 123456789012345678901234567890,`, `"exact": 1.10,`, `"exponent": 1e400,`} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %s:\n%s", want, text)
		}
	}
}

// TestDriftIsTaken: a field of another type loses no event. Its rules run, it is
// readable under data and absent under its name, and it is told.
func TestDriftIsTaken(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(`rules:
  - name: every-type
    event: "*"
    actions:
      - http: { url: "%s/hook", query: { event: "${{ event.eventId }}" }, json: { typed: "${{ meeting.meetingInfo.optionalInvitees }}", raw: "${{ data.meetingInfo.optionalInvitees }}", name: "${{ meeting.meetingInfo.meetingName }}" } }
`, g.URL)})
	const meeting = `"id":"m","meetingInfo":{"optionalInvitees":["a@acme.example"],"meetingName":"Intro"}`
	for _, body := range []string{
		`{"eventId":"list","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-09T12:00:00Z","organizationGuid":7,"data":{` + meeting + `}}`,
		`{"eventId":"new-type","eventType":"scheduling.smartscheduler.completed","deliveryAttempt":"1","data":{` + meeting + `}}`,
		"\ufeff" + `{"eventId":"marked","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"yesterday","data":{},"data":{` + meeting + `}}`,
	} {
		p.MustPost([]byte(body))
	}
	testkit.Eventually(t, "all three are carried out", func() bool { return len(g.byEvent()) == 3 })
	for _, c := range g.all() {
		id := c.EventID
		if want := `{"name":"Intro","raw":["a@acme.example"],"typed":""}`; compact(t, []byte(c.Body)) != want {
			t.Errorf("%s was sent %s, want %s", id, c.Body, want)
		}
		text := testkit.Gavel(t, "events", "show", id, "--database", p.Database).Stdout
		if want := "drift     data.meetingInfo.optionalInvitees: expected text, got a list"; !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
}

// TestOrganizationsApart: two organisations use the same ids. The cancellation of
// one is nothing to the waits of the other, and a repeat that tells something
// else is told.
func TestOrganizationsApart(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Rules: `rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { until: meeting.meetingStart }
      - log: { message: soon }
`})
	send := func(organization, id, kind, attempt string) testkit.Answer {
		t.Helper()
		return p.MustPost(fmt.Appendf(nil, `{"organizationGuid":%q,"eventId":%q,"eventType":"scheduling.smartscheduler.%s","eventTimestamp":"2026-03-09T12:00:00Z",`+
			`"deliveryAttempt":%s,"data":{"id":"m","meetingStart":"2099-01-01T00:00:00Z"}}`, organization, id, kind, attempt))
	}
	send("acme", "1", "scheduled", "1")
	if a := send("globex", "1", "scheduled", "1"); a.Status != "accepted" {
		t.Errorf("the event of another organization is %s", a.Status)
	}
	send("globex", "2", "canceled", "1")
	for organization, want := range map[string]event.Status{"acme": event.StatusWaiting, "globex": event.StatusCanceled} {
		var runs []event.Run
		ask(t, p, &runs, "runs", "list", "--event", organization+"/1")
		if len(runs) != 1 || runs[0].Status != want || runs[0].Organization != organization {
			t.Errorf("runs of %s: %+v, want one that is %s", organization, runs, want)
		}
	}
	if r := testkit.Gavel(t, "events", "show", "1", "--database", p.Database); r.Code == 0 || !strings.Contains(r.Stderr, "say which: acme/1 or globex/1") {
		t.Errorf("an id of two organizations: exit %d, %s", r.Code, r.Stderr)
	}
	const told = "repeated event differs"
	if send("acme", "1", "scheduled", "2"); strings.Contains(p.Log(), told) {
		t.Errorf("another attempt counts as another content:\n%s", p.Log())
	}
	if a := send("acme", "1", "canceled", "1"); a.Status != "duplicate" {
		t.Errorf("other content under the same id is %s", a.Status)
	}
	testkit.Eventually(t, "the log tells of other content", func() bool { return strings.Contains(p.Log(), told) })
}

// TestDuplicates delivers one event again and again, as the vendor does when
// an answer was lost: with another attempt number, at once and in parallel.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "one")})
	first := canceled(t, "again")
	answers := make(chan testkit.Answer, 20)
	for i := range cap(answers) {
		body := bytes.Replace(first, []byte(`"deliveryAttempt":1`), fmt.Appendf(nil, `"deliveryAttempt":%d`, i+1), 1)
		go func() {
			a, err := p.Post(body)
			if err != nil {
				a.Body = err.Error()
			}
			answers <- a
		}()
	}
	counts := map[string]int{}
	for range cap(answers) {
		a := <-answers
		counts[fmt.Sprintf("%d %s %s", a.Code, a.EventID, a.Status)]++
	}
	if diff := cmp.Diff(map[string]int{"200 again accepted": 1, "200 again duplicate": 19}, counts); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	p.MustPost(canceled(t, "other"))
	testkit.Eventually(t, "both actions came", func() bool { return len(g.byEvent()) == 2 })
	p.Stop()
	if n := len(g.byEvent()["again"]); n != 1 {
		t.Errorf("the repeated event's action was carried out %d times", n)
	}
	if shown := showEvent(t, p, "again"); shown.Deliveries != 20 || shown.Runs != 1 {
		t.Errorf("%d deliveries and %d runs, want 20 and 1", shown.Deliveries, shown.Runs)
	}
}

// TestWebhookTest is what makes the vendor activate the endpoint.
func TestWebhookTest(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := testkit.Sample(t, event.TypeWebhookTest, "test-1")
	if a := deliver(t, p, body, nil); a.Code != http.StatusUnauthorized {
		t.Errorf("unsigned: %d %s", a.Code, a.Body)
	}
	if a := p.MustPost(body); a.Status != "accepted" || a.EventID != "test-1" {
		t.Errorf("signed: %+v", a)
	}
	if run := endedRun(t, p, "test-1"); run.Status != event.StatusSucceeded {
		t.Errorf("its run: %s %s", run.Status, run.Reason)
	}
	if !strings.Contains(p.Log(), "text=tested") {
		t.Errorf("the rule for it was not carried out:\n%s", p.Log())
	}
}

// TestRefusedRequests goes through the table of answers that have nothing to
// do with what the JSON says.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	const limit = 3000
	p := testkit.Start(t, testkit.Serve{Args: []string{"--max-body", "3000"}})
	body := testkit.Sample(t, event.TypeScheduled, "refused")
	sized := func(id string, n int) []byte {
		b := testkit.Sample(t, event.TypeScheduled, id)
		return append(b, bytes.Repeat([]byte(" "), n-len(b))...)
	}
	sign := func(b []byte, more ...string) http.Header {
		return header(append([]string{testkit.SignatureHeader, testkit.Sign(testkit.Secret, b)}, more...)...)
	}
	// Made once each: two samples of different moments are not the same bytes.
	at, over, far := sized("limit", limit), sized("refused", limit+1), sized("refused", 5<<20)
	for _, c := range []struct {
		name   string
		body   []byte
		header http.Header
		code   int
		words  string
	}{
		{"exactly the limit", at, sign(at), 200, "accepted"},
		{"one byte over the limit", over, sign(over), 413, "larger than 3000 bytes"},
		{"far over the limit", far, sign(far), 413, "larger than 3000 bytes"},
		{"form", body, sign(body, "Content-Type", "application/x-www-form-urlencoded"), 415, "must be application/json"},
		{"text", body, sign(body, "Content-Type", "text/plain"), 415, "must be application/json"},
		{"no content type", body, sign(body, "Content-Type", ""), 415, "must be application/json"},
		{"other character set", body, sign(body, "Content-Type", "text/json; charset=utf-16"), 415, "must be application/json"},
		{"compressed", body, sign(body, "Content-Encoding", "gzip"), 415, "uncompressed"},
		{"empty", nil, sign(nil), 400, "the body is empty"},
		{"white space", []byte(" \r\n\t "), sign([]byte(" \r\n\t ")), 400, "the body is empty"},
	} {
		a := deliver(t, p, c.body, c.header)
		if a.Code != c.code || !strings.Contains(a.Body, c.words) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, a.Code, a.Body, c.code, c.words)
		}
	}
	if diff := cmp.Diff(map[string]bool{"limit": true}, listEvents(t, p)); diff != "" {
		t.Errorf("stored events (-want +got):\n%s", diff)
	}
}

// TestOtherPathsAndMethods: the public address has one path and one method.
func TestOtherPathsAndMethods(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := testkit.Sample(t, event.TypeScheduled, "elsewhere")
	for path, want := range map[string]int{"/": 404, "/webhooks/": 404, "/webhooks/cirrus-insight/": 404, "/-/reload": 404, "/metrics": 404} {
		res, err := p.Client.Post(p.URL+path, "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("POST %s: %d, want %d", path, res.StatusCode, want)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodOptions} {
		req, err := http.NewRequestWithContext(t.Context(), method, p.URL+testkit.ReceiverPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != http.MethodPost {
			t.Errorf("%s: %d, allowed %q", method, res.StatusCode, res.Header.Get("Allow"))
		}
	}
	if stored := listEvents(t, p); len(stored) != 0 {
		t.Errorf("stored events: %v", stored)
	}
}
