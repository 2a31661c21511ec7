package e2e

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// exchangeRules make one call of each kind.
const exchangeRules = `connections:
  crm: { kind: http, base_url: "%s", auth: { header: { name: X-Key, value: "${{ env.PASSWORD }}" } } }
  slack: { token: xoxb-wrong-token, api_url: "%s" }
  email: { host: %s, port: %s, tls: none, from: Acme <hello@acme.example> }
rules:
  - name: call
    event: scheduling.smartscheduler.canceled
    actions:
      - id: call
        http: { connection: crm, url: "/tasks?note=${{ meeting.meetingInfo.location }}", headers: { X-Place: "${{ meeting.meetingInfo.location }}" }, json: { who: "${{ meeting.meetingInfo.primaryInviteeName }}" } }
  - name: post
    event: scheduling.smartscheduler.rescheduled
    actions:
      - slack: { channel: "#sales", text: hi }
        on_error: continue
      - email: { to: "${{ meeting.meetingInfo.primaryInvitee }}", subject: hi, html: "<p>Hello <script>alert(1)</script>${{ meeting.meetingInfo.primaryInviteeName }}</p>" }
        retry: { max: 1 }
`

// answered is a response of the history.
type answered struct {
	Status  int
	Headers map[string]string
	Body    json.RawMessage
	Bytes   int64
	Code    int
	Text    string

	Exchange event.Exchange
}

func responseOf(t testing.TB, a event.Attempt) answered {
	t.Helper()
	var got answered
	if err := json.Unmarshal(a.Response, &got); err != nil {
		t.Fatalf("response of %s: %v in %q", a.ActionID, err, a.Response)
	}
	return got
}

// TestFailedCallsKeepTheReply of the destination, without secrets.
func TestFailedCallsKeepTheReply(t *testing.T) {
	t.Parallel()
	const refusal = `{"errors":[{"field":"who","message":"is taken","echo":"pass word"}]}`
	g := newTarget(t,
		reply{status: 422, header: map[string]string{"Content-Type": "application/json", "X-Session-Token": "s3cret", "Set-Cookie": "id=s3cret", "X-Echo": "pass word", "X-Request-Id": "req-1"}, body: refusal},
		reply{status: 422, header: map[string]string{"Content-Type": "text/plain", "Content-Length": "10485760"}, body: strings.Repeat("x", 10<<20)},
		reply{status: 200, header: map[string]string{"Content-Type": "application/json", "X-Session-Token": "s3cret"}, body: `{"id":12345678901234567}`},
	)
	s := newSlack(t)
	mails := standin.NewSMTP(standin.SMTPOptions{})
	must(t, mails.Start(""))
	t.Cleanup(func() { _ = mails.Stop(t.Context()) })
	host, port, _ := strings.Cut(mails.Addr(), ":")
	mails.FailNext(1, 554, "5.7.1 no scripts here")
	p := testkit.Start(t, testkit.Serve{Env: []string{"PASSWORD=pass word"}, Rules: fmt.Sprintf(exchangeRules, g.URL, s.APIURL(), host, port)})

	p.MustPost(testkit.Sample(t, event.TypeCanceled, "refused", "meeting.meetingInfo.primaryInviteeName", hostile, "meeting.meetingInfo.location", hostilePlace))
	run := endedRun(t, p, "refused")
	got := responseOf(t, run.Attempts[0])
	if run.Status != event.StatusFailed || got.Status != 422 || compact(t, got.Body) != strings.Replace(refusal, "pass word", "[redacted]", 1) {
		t.Errorf("a refusal: %s %d %s", run.Status, got.Status, got.Body)
	}
	h := got.Headers
	if h["x-request-id"] != "req-1" || h["x-session-token"] != "[redacted]" || h["set-cookie"] != "[redacted]" || h["x-echo"] != "[redacted]" {
		t.Errorf("headers of a refusal: %v", h)
	}
	if x := got.Exchange; x.IdempotencyKey != g.all()[0].Key || x.FirstByte <= 0 || x.Took < x.FirstByte || x.Headers["X-Key"] != "[redacted]" || x.Headers["User-Agent"] == "" {
		t.Errorf("the exchange: %+v", x)
	}

	checkPage(t, p, run, g.all()[0])

	p.MustPost(testkit.Sample(t, event.TypeCanceled, "long"))
	long := responseOf(t, endedRun(t, p, "long").Attempts[0])
	if long.Bytes != 10<<20 || len(long.Body) > 10<<10 || !strings.Contains(string(long.Body), "xxx") {
		t.Errorf("a long reply: %d bytes of %d are kept", len(long.Body), long.Bytes)
	}

	p.MustPost(testkit.Sample(t, event.TypeCanceled, "taken"))
	taken := endedRun(t, p, "taken")
	if got := responseOf(t, taken.Attempts[0]); taken.Status != event.StatusSucceeded || compact(t, got.Body) != `{"id":12345678901234567}` ||
		got.Headers["x-session-token"] != "[redacted]" || got.Exchange.IdempotencyKey == "" || got.Exchange.Took <= 0 {
		t.Errorf("a success: %s %+v", taken.Status, got)
	}
	shown := testkit.Gavel(t, "runs", "show", run.ID, "--database", p.Database).Stdout
	for _, want := range []string{"422", "is taken", "x-request-id", got.Exchange.IdempotencyKey} {
		if !strings.Contains(shown, want) {
			t.Errorf("gavel runs show does not tell %q:\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "s3cret") || strings.Contains(shown, "pass word") {
		t.Errorf("gavel runs show tells a secret:\n%s", shown)
	}

	p.MustPost(testkit.Sample(t, event.TypeRescheduled, "posted"))
	posted := endedRun(t, p, "posted")
	if got := responseOf(t, posted.Attempts[0]); got.Status != 200 || !strings.Contains(string(got.Body), "invalid_auth") || got.Exchange.IdempotencyKey == "" {
		t.Errorf("what Slack answered: %s", posted.Attempts[0].Response)
	}
	if got := responseOf(t, posted.Attempts[1]); got.Code != 554 || !strings.Contains(got.Text, "no scripts here") || !strings.HasSuffix(got.Exchange.MessageID, "@acme.example>") || got.Exchange.FirstByte <= 0 {
		t.Errorf("what the mail server answered: %s", posted.Attempts[1].Response)
	}
	checkMail(t, p, posted)

	p.WriteRules("rules: [{ name: other, event: developer.webhook.test, actions: [{ log: { message: hi } }] }]")
	p.Reload()
	testkit.Eventually(t, "the page tells the rule as it was", func() bool {
		page, _ := fetch(t, p, "/runs/"+run.ID)
		return strings.Contains(page, "The rule of this run") && strings.Contains(page, "X-Place") && strings.Contains(page, "<h2>Actions</h2>")
	})
}

// Values that try to be more than an argument.
const (
	hostilePlace = `it's "here" $(touch pwned) ` + "`touch pwned`" + ` $HOME \\ [1-3] {a,b} ; touch pwned`
	hostile      = hostilePlace + "\n'\n\x1b[201~\x03touch pwned\n\u202e&<script>alert(1)</script>"
)

// checkPage looks for the exchange on the page of a run, and runs its command.
func checkPage(t *testing.T, p *testkit.Process, run history, sent call) {
	t.Helper()
	page, _ := fetch(t, p, "/runs/"+run.ID)
	for _, want := range []string{"422 Unprocessable Entity", "x-request-id", "is taken", sent.Key, "first byte after"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of the run does not tell %q", want)
		}
	}
	for _, secret := range []string{"s3cret", "pass word", "<script>alert"} {
		if strings.Contains(page, secret) {
			t.Errorf("the page of the run has %q", secret)
		}
	}
	_, command, _ := strings.Cut(page, ` id="curl-`)
	_, command, _ = strings.Cut(command, ">")
	command, _, _ = strings.Cut(command, "</pre>")
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "curl"), []byte("#!/bin/sh\nfor a in \"$@\"; do printf '%s\\0' \"$a\"; done\n"), 0o755))
	shell := exec.CommandContext(t.Context(), "sh", "-c", html.UnescapeString(command))
	shell.Dir, shell.Env = folder, []string{"PATH=" + folder + ":/usr/bin:/bin", "X_KEY=pass word"}
	out, err := shell.Output()
	must(t, err)
	arguments := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if !strings.HasSuffix(arguments[3], sent.Path+"?"+sent.Query) {
		t.Errorf("the command calls %s, sent was %s?%s", arguments[3], sent.Path, sent.Query)
	}
	got := http.Header{}
	body := ""
	for i := 4; i < len(arguments); i += 2 {
		name, value, _ := strings.Cut(arguments[i+1], ": ")
		if arguments[i] == "--data-raw" {
			body = arguments[i+1]
			continue
		}
		got.Add(name, value)
	}
	sent.Header.Del("Accept-Encoding") // the transport adds these
	sent.Header.Del("Content-Length")
	if diff := cmp.Diff(sent.Header, got); diff != "" || body != sent.Body {
		t.Errorf("body %q, sent was %q; headers (-sent +command):\n%s", body, sent.Body, diff)
	}
	if _, err := os.Stat(filepath.Join(folder, "pwned")); err == nil {
		t.Error("the command runs what a stranger wrote")
	}
}

// checkMail looks at a mail as the page shows it, and at its HTML.
func checkMail(t *testing.T, p *testkit.Process, run history) {
	t.Helper()
	page, header := fetch(t, p, "/runs/"+run.ID)
	for _, want := range []string{"invitee@globex.example", "554 ", "no scripts here", `sandbox=""`, "#sales", "invalid_auth"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of the run does not tell %q", want)
		}
	}
	if strings.Contains(page, "alert(1)") || !strings.HasSuffix(header.Get("Content-Security-Policy"), "frame-src 'self'") {
		t.Errorf("the page holds the HTML of the mail, or cannot show it: %s", header)
	}
	_, frame, _ := strings.Cut(page, ` src="/runs/`)
	frame, _, _ = strings.Cut(frame, `"`)
	mail, header := fetch(t, p, "/runs/"+frame)
	policy := header.Get("Content-Security-Policy")
	if !strings.Contains(mail, "<p>Hello") || !strings.HasPrefix(policy, "sandbox; default-src 'none';") || strings.Contains(policy, "script") || strings.Contains(policy, "allow") ||
		header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the mail can do something: %s\n%v", mail, header)
	}
}

// fetch asks the console for a page.
func fetch(t *testing.T, p *testkit.Process, path string) (string, http.Header) {
	t.Helper()
	res, err := p.Client.Get(p.Console + path)
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s is answered %s: %s", path, res.Status, body)
	}
	return string(body), res.Header
}
