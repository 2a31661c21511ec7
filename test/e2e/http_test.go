package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// httpRules make one call of each shape to a target.
const httpRules = `connections:
  bearer: { kind: http, base_url: "%[1]s/v2", headers: { X-Team: sales }, auth: { bearer: "token-${{ env.PASSWORD }}" } }
  basic: { kind: http, base_url: "%[1]s", auth: { basic: { username: gavel, password: "${{ env.PASSWORD }}" } } }
  key: { kind: http, base_url: "%[1]s", auth: { header: { name: X-Api-Key, value: "${{ env.PASSWORD }}" } } }
rules:
  - name: shapes
    event: scheduling.smartscheduler.canceled
    actions:
      - id: find
        http: { connection: bearer, url: "/contacts/${{ meeting.meetingInfo.primaryInviteeName }}", query: { email: "${{ meeting.meetingInfo.primaryInvitee }}" } }
      - id: long
        http: { connection: basic, method: PUT, url: /long, text: "Hello ${{ meeting.meetingInfo.primaryInviteeName }}", max_response: 1KiB }
      - http: { connection: key, method: PATCH, url: "/form", form: { name: "${{ meeting.meetingInfo.primaryInviteeName }}", total: "${{ actions.find.headers['x-total'] }}" } }
      - http:
          connection: key
          url: /json
          headers: { X-Place: "${{ meeting.meetingInfo.location }}" }
          json:
            first: ${{ actions.find.body.items[0].id }}
            status: ${{ actions.find.status }}
            canceled: ${{ meeting.isCanceled }}
            name: ${{ meeting.meetingInfo.primaryInviteeName }}
            cut: ${{ actions.long.truncated }}
            length: ${{ len(actions.long.body) }}
      - http: { connection: key, method: DELETE, url: /gone }
`

// TestHTTPCalls sends one call of each shape and looks at what arrived.
func TestHTTPCalls(t *testing.T) {
	t.Parallel()
	g := newTarget(t,
		reply{status: 200, header: map[string]string{"Content-Type": "application/json", "X-Total": "2"}, body: `{"items":[{"id":12345678901234567},{"id":2}]}`},
		reply{status: 200, header: map[string]string{"Content-Type": "text/plain"}, body: strings.Repeat("x", 3<<20)},
	)
	p := testkit.Start(t, testkit.Serve{Env: []string{"PASSWORD=pass word"}, Rules: fmt.Sprintf(httpRules, g.URL)})
	const name = "a/b\r\nX-Evil: 1?b=c#\"d"
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "shapes", "meeting.meetingInfo.primaryInviteeName", name, "meeting.meetingInfo.primaryInvitee", "a+b&c=d@globex.example"))
	if run := endedRun(t, p, "shapes"); run.Status != event.StatusSucceeded {
		t.Fatalf("the run: %s %s", run.Status, run.Reason)
	}
	calls := g.all()
	if len(calls) != 5 {
		t.Fatalf("%d calls, want 5", len(calls))
	}
	var shapes []string
	for _, c := range calls {
		shapes = append(shapes, c.Method+" "+c.Path+" "+c.Header.Get("Content-Type"))
		if c.Key == "" || c.Header.Get("X-Evil") != "" {
			t.Errorf("%s: key %q, headers %v", c.Path, c.Key, c.Header)
		}
	}
	want := []string{
		"GET /v2/contacts/" + name + " ", "PUT /long text/plain; charset=utf-8",
		"PATCH /form application/x-www-form-urlencoded", "POST /json application/json", "DELETE /gone ",
	}
	if diff := cmp.Diff(want, shapes); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	checkSignIns(t, calls)
	checkBodies(t, calls, name)
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "climbs", "meeting.meetingInfo.primaryInviteeName", "../admin"))
	if run := endedRun(t, p, "climbs"); run.Status != event.StatusFailed || run.Attempts[0].Cause != event.CauseRefused || len(g.all()) != 5 {
		t.Errorf("a name that climbs out of the path: %s %s", run.Status, run.Reason)
	}
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "splits", "meeting.meetingInfo.location", "here\r\nX-Evil: 1"))
	if run := endedRun(t, p, "splits"); run.Status != event.StatusFailed || g.last().Header.Get("X-Evil") != "" {
		t.Errorf("a place that would be two headers: %s %s", run.Status, run.Reason)
	}
	shown := testkit.Gavel(t, "runs", "list", "--output", "json", "--database", p.Database).Stdout + p.Log()
	if strings.Contains(shown, "pass word") {
		t.Error("the list of runs or the log shows a password")
	}
}

func checkSignIns(t *testing.T, calls []call) {
	t.Helper()
	if h := calls[0].Header; h.Get("Authorization") != "Bearer token-pass word" || h.Get("X-Team") != "sales" {
		t.Errorf("headers with a bearer token: %v", h)
	}
	if calls[0].Query != "email=a%2Bb%26c%3Dd%40globex.example" {
		t.Errorf("query: %s", calls[0].Query)
	}
	if user, password, ok := (&http.Request{Header: calls[1].Header}).BasicAuth(); !ok || user != "gavel" || password != "pass word" {
		t.Errorf("basic: %q %q", user, password)
	}
	if calls[2].Header.Get("X-Api-Key") != "pass word" {
		t.Errorf("key: %v", calls[2].Header)
	}
}

func checkBodies(t *testing.T, calls []call, name string) {
	t.Helper()
	form, err := url.ParseQuery(calls[2].Body)
	if diff := cmp.Diff(url.Values{"name": {name}, "total": {"2"}}, form); diff != "" || err != nil {
		t.Errorf("form %v (-want +got):\n%s", err, diff)
	}
	var body map[string]any
	decoder := json.NewDecoder(strings.NewReader(calls[3].Body))
	decoder.UseNumber()
	must(t, decoder.Decode(&body))
	wantBody := map[string]any{
		"first": json.Number("12345678901234567"), "status": json.Number("200"), "canceled": true,
		"name": name, "cut": true, "length": json.Number("1024"),
	}
	if diff := cmp.Diff(wantBody, body); diff != "" {
		t.Errorf("json (-want +got):\n%s", diff)
	}
}

// crmRules look a contact up and create it if it is not there.
const crmRules = `connections:
  crm:
    kind: http
%s
rules:
  - name: book
    event: scheduling.smartscheduler.canceled
    actions:
      - id: find
        http: { connection: crm, url: /contacts, query: { email: "${{ meeting.meetingInfo.primaryInvitee }}" } }
      - id: create
        when: len(actions.find.body.items) == 0
        http: { connection: crm, url: /contacts, json: { email: "${{ meeting.meetingInfo.primaryInvitee }}" } }
        retry: { max: 3, initial: 20ms }
`

// TestCRMWithClientCredentials signs in, works on when the token is taken
// back, and repeats a call that failed without a second effect.
func TestCRMWithClientCredentials(t *testing.T) {
	t.Parallel()
	crm := standin.NewCRM(standin.CRMOptions{ClientID: "gavel", ClientSecret: "crm-secret"})
	must(t, crm.Start(""))
	t.Cleanup(func() { _ = crm.Stop(t.Context()) })
	p := testkit.Start(t, testkit.Serve{
		Env:   []string{"CRM_SECRET=crm-secret"},
		Rules: fmt.Sprintf(crmRules, fmt.Sprintf("    base_url: %s\n    auth: { oauth2: { token_url: %s, client_id: gavel, client_secret: \"${{ env.CRM_SECRET }}\" } }", crm.URL(), crm.TokenURL())),
	})
	crmChain(t, p, crm)
	if n := crm.TokensIssued(); n != 2 {
		t.Errorf("%d tokens were asked for, want 2: one, and another after the first was taken back", n)
	}
	if strings.Contains(p.Log(), "crm-secret") {
		t.Error("the log shows the client secret")
	}
}

// TestCRMWithJWTBearer signs in the way Salesforce wants it: an assertion
// signed with a key, and an instance_url in the answer.
func TestCRMWithJWTBearer(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	crm := standin.NewCRM(standin.CRMOptions{PublicKey: &key.PublicKey})
	must(t, crm.Start(""))
	t.Cleanup(func() { _ = crm.Stop(t.Context()) })
	p := testkit.Start(t, testkit.Serve{
		Env: []string{"CRM_KEY_PEM=" + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))},
		Rules: fmt.Sprintf(crmRules, fmt.Sprintf(
			"    auth: { jwt_bearer: { token_url: %s, issuer: gavel, subject: ops@acme.example, audience: https://login.crm.example, private_key: \"${{ env.CRM_KEY_PEM }}\" } }", crm.TokenURL())),
	})
	crmChain(t, p, crm)
}

func crmChain(t *testing.T, p *testkit.Process, crm *standin.CRM) {
	t.Helper()
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "new", "meeting.meetingInfo.primaryInvitee", "ada@globex.example"))
	run := endedRun(t, p, "new")
	if diff := cmp.Diff([]string{"find succeeded", "create succeeded"}, run.outcomes()); diff != "" {
		t.Fatalf("a new contact: %s (-want +got):\n%s", run.Reason, diff)
	}
	crm.RevokeTokens()
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "known", "meeting.meetingInfo.primaryInvitee", "ada@globex.example"))
	run = endedRun(t, p, "known")
	if diff := cmp.Diff([]string{"find succeeded", "create skipped"}, run.outcomes()); diff != "" {
		t.Errorf("a known contact, after the token was taken back: %s (-want +got):\n%s", run.Reason, diff)
	}
	var calls []string
	for _, c := range crm.Received() {
		calls = append(calls, fmt.Sprintf("%s %s %d", c.Method, c.Path, c.Status))
	}
	if diff := cmp.Diff([]string{"GET /contacts 200", "POST /contacts 201", "GET /contacts 200"}, calls); diff != "" {
		t.Errorf("calls to the CRM (-want +got):\n%s", diff)
	}
}

// TestCRMRefusesTheClient is a wrong secret: told, not tried again, not shown.
func TestCRMRefusesTheClient(t *testing.T) {
	t.Parallel()
	crm := standin.NewCRM(standin.CRMOptions{ClientID: "gavel", ClientSecret: "crm-secret"})
	must(t, crm.Start(""))
	t.Cleanup(func() { _ = crm.Stop(t.Context()) })
	p := testkit.Start(t, testkit.Serve{
		Env:   []string{"CRM_SECRET=mistaken"},
		Rules: fmt.Sprintf(crmRules, fmt.Sprintf("    base_url: %s\n    auth: { oauth2: { token_url: %s, client_id: gavel, client_secret: \"${{ env.CRM_SECRET }}\" } }", crm.URL(), crm.TokenURL())),
	})
	p.MustPost(canceled(t, "refused"))
	run := endedRun(t, p, "refused")
	if run.Status != event.StatusFailed || len(run.Attempts) != 1 || run.Attempts[0].Cause != event.CauseAuth || !strings.Contains(run.Reason, "invalid_client") {
		t.Errorf("the run: %s after %d attempts: %s", run.Status, len(run.Attempts), run.Reason)
	}
	if strings.Contains(run.Reason+p.Log(), "mistaken") {
		t.Error("the client secret is shown")
	}
}
