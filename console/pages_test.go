package console_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
)

func TestPagesShow(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	failed := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed, event.StatusSucceeded)[0]
	waiting := r.accept(event.TypeScheduled, "ev-2", event.StatusWaiting)[0]
	r.accept(event.TypeWebhookTest, "ev-test")
	r.ready["store"] = "the disk is full"
	r.rules.broken = true
	for path, want := range map[string][]string{
		"/":                             {"the disk is full", "rules on disk have errors", "Connection crm keeps failing", "Connection slack asked us to wait", "endpoint validated"},
		"/events":                       {"Meeting booked", "Webhook test", "Product introduction"},
		"/events?type=nothing":          {"No matching events"},
		"/events?outcome=unmatched":     {"Webhook test"},
		"/events?q=SAMPLE+invitee":      {"Product introduction"},
		"/events/ev-1":                  {"Payload", "rule-one", "Failed", "Sample Invitee"},
		"/runs?status=failed":           {"rule-one", "Failed"},
		"/runs/" + failed.ID:            {"Retry", "rule-one", "tell"},
		"/runs/" + waiting.ID:           {"Run now", "Cancel", "Continues"},
		"/meetings/" + failed.MeetingID: {"Booked", "Product introduction", "rule-one"},
		"/rules":                        {"rule-one", "unknown field", "did you mean", `over <a href="/connections/crm">`},
	} {
		a := r.page(path)
		if a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
		for _, text := range want {
			if !strings.Contains(a.Body, text) {
				t.Errorf("%s does not hold %q", path, text)
			}
		}
	}
}

func TestFaultsAreClearPages(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	done := r.accept(event.TypeScheduled, "ev-1", event.StatusSucceeded)[0]
	for path, want := range map[string]int{
		"/events/none": 404, "/runs/none": 404, "/meetings/none": 404, "/nowhere": 404, "/events/none/body": 404,
		"/events?limit=x": 400, "/events?since=soon": 400, "/events?cursor=-1": 400, "/runs?status=lost": 400,
		"/events?q=" + strings.Repeat("y", 5000): 400, "/events?q=%00": 400, "/events?type=%F0%28": 200,
	} {
		a := r.page(path)
		if a.StatusCode != want || !strings.Contains(a.Body, "<h1>") {
			t.Errorf("%s: %d %.200s", path, a.StatusCode, a.Body)
		}
	}
	if a := r.do("POST", "/runs/"+done.ID+"/retry", ""); a.StatusCode != http.StatusConflict || !strings.Contains(a.Body, "run succeeded") {
		t.Errorf("a retry of a run that succeeded: %d %s", a.StatusCode, a.Body)
	}
}

func TestFailedRunsAreRetriedTogether(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	failed := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed, event.StatusFailed, event.StatusSucceeded)
	if a := r.page("/runs?status=failed"); !strings.Contains(a.Body, "Retry these 2 runs") || strings.Contains(a.Body, `value="`+failed[2].ID+`"`) {
		t.Errorf("the list of failed runs:\n%s", a.Body)
	}
	if a := r.page("/runs"); strings.Contains(a.Body, "Retry these") {
		t.Error("the list of all runs offers to retry them")
	}
	form := url.Values{"id": {failed[0].ID, failed[1].ID, failed[2].ID, "gone"}, "back": {"status=failed&rule=rule-one"}}
	asked := r.do("POST", "/runs/ask/retry", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	for _, want := range []string{"Retry 2 runs?", "2 runs of <a", `action="/runs/retry"`, "crm", "2 runs have changed meanwhile"} {
		if asked.StatusCode != http.StatusOK || !strings.Contains(asked.Body, want) {
			t.Errorf("asked first, %d without %q:\n%s", asked.StatusCode, want, asked.Body)
		}
	}
	if run, err := r.store.Run(t.Context(), failed[0].ID); err != nil || run.Status != event.StatusFailed {
		t.Errorf("the question retried: %v %v", run, err)
	}
	a := r.do("POST", "/runs/retry", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if where := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || where != "/runs?done=retry-many&rule=rule-one&status=failed" {
		t.Errorf("%d %s leads to %q", a.StatusCode, a.Body, where)
	}
	for i, want := range []event.Status{event.StatusPending, event.StatusPending, event.StatusSucceeded} {
		if run, err := r.store.Run(t.Context(), failed[i].ID); err != nil || run.Status != want {
			t.Errorf("run %d is %s, want %s (%v)", i, run.Status, want, err)
		}
	}
	form["id"] = make([]string, 501)
	if a := r.do("POST", "/runs/retry", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("too many are answered %d", a.StatusCode)
	}
}

// TestFormsShowWhatTheAddressAsks also when it is none of the choices.
func TestFormsShowWhatTheAddressAsks(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for path, want := range map[string]string{
		"/events?since=30m":                        `<option value="30m" selected>`,
		"/runs?since=30m":                          `<option value="30m" selected>`,
		"/runs?status=pending,running":             ` selected>In progress<`,
		"/runs?status=failed,canceled&shadow=true": `<option value="failed,canceled" selected>`,
		"/runs?shadow=false":                       `<option value="false" selected>`,
	} {
		if a := r.page(path); !strings.Contains(a.Body, want) {
			t.Errorf("%s does not show %s", path, want)
		}
	}
}

func TestRunTellsItsTrace(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	r.trace = "00-" + trace + "-00f067aa0ba902b7-01"
	traced := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed)[0]
	r.trace = ""
	plain := r.accept(event.TypeCanceled, "ev-2", event.StatusFailed)[0]
	if a := r.page("/runs/" + traced.ID); !strings.Contains(a.Body, `<code id="trace">`+trace+"</code>") {
		t.Errorf("the page of a traced run:\n%s", a.Body)
	}
	if a := r.page("/runs/" + plain.ID); strings.Contains(a.Body, "<dt>Trace</dt>") {
		t.Error("the page of another run tells of a trace")
	}
}

// TestNamesKeepTheirDirection: a name that turns the direction of text must
// not turn what stands around it.
func TestNamesKeepTheirDirection(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	const turned = "\u202egnp.exe"
	body, err := sample.Body(event.TypeScheduled, "ev-1", fixedTime())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"meeting.meetingInfo.meetingName", "meeting.meetingInfo.primaryInviteeName", "meeting.meetingInfo.primaryInvitee", "meeting.meetingInfo.location", "meeting.meetingOwner.username", "meeting.meetingOwner.lastName", "meeting.id"} {
		if body, err = sample.Set(body, path, turned); err != nil {
			t.Fatal(err)
		}
	}
	run := r.acceptBody(body, event.StatusFailed, event.StatusWaiting)[0]
	issue := "/issues/" + event.IssueID("rule-one", "", event.CauseExpression)
	alone := regexp.MustCompile(`<(bdi|code)[^>]*>[^<]*</`)
	for _, path := range []string{"/", "/events", "/events/ev-1", "/runs", "/runs/" + run.ID, "/meetings/" + url.PathEscape(turned), issue, issue + "/retry"} {
		a := r.page(path)
		if !strings.Contains(a.Body, turned) {
			t.Errorf("%s does not show the name", path)
		}
		if rest := alone.ReplaceAllString(a.Body, ""); strings.Contains(rest, "\u202e") {
			i := strings.Index(rest, "\u202e")
			t.Errorf("%s does not keep it apart: %s", path, rest[max(0, i-120):i+20])
		}
	}
}

func TestSearchLeadsToWhatHasTheID(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	run := r.accept(event.TypeScheduled, "an id/with+odd?signs", event.StatusFailed)[0]
	for query, want := range map[string]string{
		"an+id%2Fwith%2Bodd%3Fsigns": "/events/an%20id%2Fwith+odd%3Fsigns",
		run.MeetingID:                "/meetings/" + run.MeetingID,
		"Globex":                     "/events?q=Globex",
		"":                           "/events",
	} {
		a := r.page("/search?q=" + query)
		where := a.Header.Get("Location")
		if where != want {
			t.Errorf("%q leads to %q, want %q", query, where, want)
		}
		if a := r.page(where); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", where, a.StatusCode)
		}
	}
}

func TestWaitingRunsAreCanceledTogether(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	waiting := r.accept(event.TypeScheduled, "ev-1", event.StatusWaiting)[0]
	if a := r.page("/runs?status=waiting"); strings.Contains(a.Body, "Cancel this run") {
		t.Error("the waiting runs of all rules can be canceled at once")
	}
	r.shows("/runs?status=waiting&rule="+waiting.Rule, "Cancel this run…")
	form := url.Values{"id": {waiting.ID}, "back": {"status=waiting&rule=" + waiting.Rule}}.Encode()
	if a := r.do("POST", "/runs/ask/cancel", form, "Content-Type", "application/x-www-form-urlencoded"); !strings.Contains(a.Body, "Cancel 1 run?") {
		t.Errorf("asked first: %d %s", a.StatusCode, a.Body)
	}
	r.do("POST", "/runs/cancel", form, "Content-Type", "application/x-www-form-urlencoded")
	if run, err := r.store.Run(t.Context(), waiting.ID); err != nil || run.Status != event.StatusCanceled {
		t.Errorf("%v, %v", run, err)
	}
}

func TestSearchFindsRulesAndConnections(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.accept(event.TypeScheduled, "ev-1", event.StatusFailed)
	for query, want := range map[string]string{"rule-one": "/rules/rule-one", "crm": "/connections/crm"} {
		if got := r.page("/search?q=" + query).Header.Get("Location"); got != want {
			t.Errorf("%q leads to %q, want %q", query, got, want)
		}
	}
	r.shows("/search?q=Rule+ONE", `<a href="/rules/rule-one">rule-one</a>`)
	r.shows("/search?q=0190-unknown", "No stored event has this id or text", "Looked through the only stored event.", `href="/refused"`, "delivery log")
	r.shows("/search?q=%3Cscript%3E", "&lt;script&gt;")
	// It says so as well when something was found.
	r.shows("/search?q=one", "Looked through the only stored event.")
	for i := range 119 {
		r.accept(event.TypeScheduled, fmt.Sprint("ev-many-", i))
	}
	r.shows("/events?q=globex", "Looked through the newest 50 of 120 stored events.")
	r.shows("/events?q=globex&cursor=71", "Looked through 50 more of 120 stored events.")
	r.shows("/events?q=globex&cursor=21", "Looked through the rest of 120 stored events.")
	r.shows("/events?q=nobody", "Looked through all 120 stored events.")
	r.shows("/events?q=globex&since=2h&limit=500", "Looked through all stored events of this time.")
	r.shows("/events?q=nobody&type="+event.TypeCanceled, "Looked through all 120 stored events.")
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	const evil = `"><script>alert(1)</script>{{.}}</title>`
	body, err := sample.Body(event.TypeScheduled, evil, fixedTime())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"meeting.id", "meeting.meetingInfo.meetingName", "meeting.meetingInfo.primaryInviteeName", "meeting.meetingOwner.username", "meeting.meetingInfo.location"} {
		if body, err = sample.Set(body, path, evil); err != nil {
			t.Fatal(err)
		}
	}
	r.acceptBody(body, event.StatusFailed)
	escaped := "/%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E%7B%7B.%7D%7D%3C%2Ftitle%3E"
	for _, path := range []string{"/", "/events", "/runs", "/events" + escaped, "/meetings" + escaped, "/runs" + escaped + "-a", "/events?q=" + escaped[1:], "/events?type=" + escaped[1:]} {
		a := r.page(path)
		if a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
		if strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, `"><script`) {
			t.Errorf("%s holds the text as markup", path)
		}
	}
	a := r.page("/events" + escaped + "/body")
	if a.Body != string(body) || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the body comes as %v", a.Header)
	}
}

func TestLargePayloadIsCut(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	body, err := json.Marshal(map[string]any{
		"eventId": "big", "eventType": "a.big.one", "eventTimestamp": fixedTime(), "data": map[string]string{"text": strings.Repeat("x", 10<<20)},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.acceptBody(body)
	a := r.page("/events/big")
	if a.StatusCode != http.StatusOK || len(a.Body) > 200<<10 || !strings.Contains(a.Body, "cut here") {
		t.Errorf("%d with %d bytes", a.StatusCode, len(a.Body))
	}
}

func TestLiveViewGetsRowsThatFit(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/live/events?type=scheduling.*", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r.accept(event.TypeWebhookTest, "ev-other")
	r.accept(event.TypeScheduled, "ev-fits")
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ev-other") {
			t.Error("the live view gets an event that does not fit")
		}
		if strings.Contains(lines.Text(), "/events/ev-fits") {
			return
		}
	}
	t.Errorf("the stream ended: %v", lines.Err())
}

// TestLiveViewThatDoesNotRead sends more than a view holds to one that never
// reads; nobody waits for it.
func TestLiveViewThatDoesNotRead(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	res, err := r.Client().Get(r.URL + "/live/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := sample.Body(event.TypeScheduled, "ev", fixedTime())
	if err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	for range 5000 {
		r.feed.EventTaken(&event.Record{Event: ev, Deliveries: 1})
	}
	missed := 0
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok && missed == 0 {
			if _, err := fmt.Sscan(text, &missed); err == nil {
				break
			}
		}
	}
	if missed < 4000 {
		t.Errorf("the view was told of %d missed events", missed)
	}
}

func TestProbesAndReload(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	if a := r.do("GET", "/-/ready", ""); a.StatusCode != 200 || strings.TrimSpace(a.Body) != `{"checks":{"rules":"","store":""},"ready":true,"warnings":{}}` {
		t.Errorf("ready: %d %s", a.StatusCode, a.Body)
	}
	if a := r.do("POST", "/-/reload", ""); a.StatusCode != 200 || !strings.Contains(a.Body, `"revision":"r1"`) {
		t.Errorf("reload: %d %s", a.StatusCode, a.Body)
	}
	r.ready["store"] = "locked"
	r.rules.broken = true
	if a := r.do("GET", "/-/ready", ""); a.StatusCode != 503 || !strings.Contains(a.Body, "locked") {
		t.Errorf("not ready: %d %s", a.StatusCode, a.Body)
	}
	if a := r.do("POST", "/-/reload", ""); a.StatusCode != 422 {
		t.Errorf("reload of broken rules: %d %s", a.StatusCode, a.Body)
	}
	if a := r.do("GET", "/-/healthy", ""); a.StatusCode != 200 {
		t.Errorf("healthy: %d", a.StatusCode)
	}
}
