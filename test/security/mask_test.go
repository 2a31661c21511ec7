package security

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// once posts an event to a Gavel, waits for the end of its only run, and fails
// the test unless that succeeded. It returns the run's id.
func once(t *testing.T, p *testkit.Process, body []byte) string {
	t.Helper()
	p.MustPost(body)
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "the run has ended", func() bool {
		list := b.list(t)
		return len(list) == 1 && event.Status(list[0].Status).Done()
	})
	if b.seen[0].Status != "succeeded" {
		t.Fatalf("the run is %s: %s", b.seen[0].Status, b.seen[0].Reason)
	}
	return b.seen[0].ID
}

// everywhere is what people may see of the event e1 and its run.
func everywhere(t *testing.T, p *testkit.Process, id string, env ...string) string {
	t.Helper()
	var said strings.Builder
	for _, path := range []string{
		"/api/v1/runs", "/api/v1/runs/" + id, "/api/v1/events/e1/explanation", "/runs", "/runs/" + id, "/events/e1", "/rules", "/api/v1/status",
	} {
		said.WriteString("\n" + path + "\n" + get(t, p.Client, p.Console+path))
	}
	for _, args := range [][]string{
		{"runs", "show", id}, {"runs", "show", id, "--output", "json"}, {"runs", "export", "--format", "ndjson"}, {"runs", "export", "--format", "csv"}, {"runs", "list"},
	} {
		r := testkit.Run(t, testkit.Command{Args: append(args, "--database", p.Database), Env: env})
		if r.Code != 0 {
			t.Errorf("gavel %q: exit %d, %s", args, r.Code, r.Stderr)
		}
		said.WriteString("\n" + strings.Join(args, " ") + "\n" + r.Stdout + r.Stderr)
	}
	return said.String() + "\nthe log\n" + p.Log()
}

// TestEverydayValuesOfTheEnvironment: a value such as false or a number is no
// secret. Taken for one it made the stored result invalid, and the call went
// out again and again.
func TestEverydayValuesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for i, value := range []string{"false", "12345", "8675309", `","`, `":"`, `"id":7,`, "null", "status", `\"`, "hunter2-hunter2"} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			calls := &listener{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.ServeHTTP(w, r)
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(map[string]any{"id": 7, "paused": false, "account": 12345, "owner": 8675309, "a": "", "b": nil, "echo": value, value: value})
			}))
			t.Cleanup(server.Close)
			p := testkit.Start(t, testkit.Serve{Env: []string{"CRM_PAUSED=" + value}, Rules: fmt.Sprintf(`rules:
  - name: tell
    event: scheduling.*
    when: env.CRM_PAUSED != "x"
    actions:
      - { id: create, retry: false, http: { method: POST, url: "%[1]s/create", json: { p: "${{ env.CRM_PAUSED }}" } } }
      - { id: use, retry: false, http: { method: POST, url: "%[1]s/use", json: { echo: "${{ actions.create.body.echo }}", id: "${{ actions.create.body.id }}" } } }
`, server.URL)})
			id := once(t, p, testkit.Sample(t, event.TypeScheduled, "e1"))
			created, used := calls.below("/create")[""], calls.below("/use")[""]
			if len(created) != 1 || len(used) != 1 {
				t.Fatalf("%s: sent %d and %d times", value, len(created), len(used))
			}
			want, err := json.Marshal(map[string]any{"echo": value, "id": 7})
			if err != nil {
				t.Fatal(err)
			}
			var got, wanted any
			if json.Unmarshal([]byte(used[0].body), &got) != nil || json.Unmarshal(want, &wanted) != nil || fmt.Sprint(got) != fmt.Sprint(wanted) {
				t.Errorf("the second action sent %s, want %s", used[0].body, want)
			}
			if said := everywhere(t, p, id); value == "hunter2-hunter2" && strings.Contains(said, value) {
				t.Error("the secret is shown")
			}
		})
	}
}

// TestAnswersThatArePiecesOfJSON: what a guest types must not keep a run from
// being recorded, and is not shown in the event.
func TestAnswersThatArePiecesOfJSON(t *testing.T) {
	t.Parallel()
	for i, answer := range []string{"true", "200", `","`, "status", `{"a":`, "null", `\`, "4915112345678"} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			calls := &listener{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.ServeHTTP(w, r)
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"ok":true,"code":200,"a":"","b":"","phone":4915112345678,"c":null}`))
			}))
			t.Cleanup(server.Close)
			p := testkit.Start(t, testkit.Serve{Args: []string{"--redact-fields", privateFields}, Rules: fmt.Sprintf(
				`rules: [{ name: tell, event: scheduling.*, actions: [{ id: call, retry: false, http: { method: POST, url: "%s/x", json: { a: "${{ meeting.meetingInfo.primaryInviteeName }}" } } }] }]`, server.URL)})
			id := once(t, p, testkit.Sample(t, event.TypeScheduled, "e1", "meeting.meetingInfo.primaryInviteeName", answer))
			if sent := calls.below("/x")[""]; len(sent) != 1 || !strings.Contains(sent[0].body, `"a":`+string(quote(t, answer))) {
				t.Errorf("%s: sent %v", answer, sent)
			}
			shown := get(t, p.Client, p.Console+"/api/v1/runs/"+id)
			if answer != "status" && !strings.Contains(shown, `"status":200`) || !json.Valid([]byte(shown)) {
				t.Errorf("the result has lost other text: %s", shown)
			}
			if answer == "4915112345678" && strings.Contains(everywhere(t, p, id, "GAVEL_REDACT_FIELDS="+privateFields), answer) {
				t.Error("the number is shown")
			}
		})
	}
}

func quote(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestEchoedSecretIsSentAndNotShown: a reply that holds a secret in whatever
// form reaches later actions as it is, and nobody who looks.
func TestEchoedSecretIsSentAndNotShown(t *testing.T) {
	t.Parallel()
	const secret = `Hunter2&"hunter" 2`
	calls := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.ServeHTTP(w, r)
		w.Header().Set("X-Echo", strings.ToUpper(secret))
		w.Header().Set("X-Basic", "Basic "+base64.StdEncoding.EncodeToString([]byte("gavel:"+secret)))
		w.Header().Set("X-Query", "k="+url.QueryEscape(secret))
		if r.URL.Path == "/refuse" {
			http.Error(w, "no such key: "+secret, http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"channel": "#" + secret, "raw": base64.RawURLEncoding.EncodeToString([]byte("x" + secret)), "json": string(quote(t, secret)), secret: 1, "slack": `Hunter2&amp;"hunter" 2`,
		})
	}))
	t.Cleanup(server.Close)
	p := testkit.Start(t, testkit.Serve{Env: []string{"CRM_ACCESS=" + secret + "\n"}, Rules: fmt.Sprintf(`rules:
  - name: tell
    event: scheduling.*
    actions:
      - { id: announce, http: { method: POST, url: "%[1]s/announce", json: { k: "${{ trim(env.CRM_ACCESS) }}" } } }
      - log: { message: "key ${{ env.CRM_ACCESS }} for ${{ actions.announce.body.channel }}", fields: { k: "${{ upper(env.CRM_ACCESS) }}", b: "${{ toBase64(env.CRM_ACCESS) }}" } }
      - { id: reply, on_error: continue, retry: false, http: { method: POST, url: "%[1]s/reply", json: { channel: "${{ actions.announce.body.channel }}", k: "${{ trim(env.CRM_ACCESS) }}" } } }
      - { on_error: continue, retry: false, http: { url: "%[1]s/refuse", query: { k: "${{ trim(env.CRM_ACCESS) }}" } } }
`, server.URL)})
	id := once(t, p, testkit.Sample(t, event.TypeScheduled, "e1"))
	var sent map[string]string
	if replies := calls.below("/reply")[""]; len(replies) != 1 || json.Unmarshal([]byte(replies[0].body), &sent) != nil || sent["channel"] != "#"+secret || sent["k"] != secret {
		t.Errorf("the later action sent %v", replies)
	}
	said := everywhere(t, p, id)
	if !strings.Contains(p.Log(), "rule says") {
		t.Error("the log has no line of the rule")
	}
	for _, form := range []string{
		"hunter", base64.StdEncoding.EncodeToString([]byte("gavel:" + secret))[8:20], base64.RawURLEncoding.EncodeToString([]byte("x" + secret))[4:16],
		base64.StdEncoding.EncodeToString([]byte(secret))[:12],
	} {
		if i := strings.Index(strings.ToLower(said), strings.ToLower(form)); i >= 0 {
			t.Errorf("%q is shown: …%s…", form, said[max(0, i-200):min(len(said), i+100)])
		}
	}
}

// TestResponsesOfBeforeTheFieldsWerePrivate: a reply stored in clear is hidden
// for those who look later, addresses that a mail server accepted too.
func TestResponsesOfBeforeTheFieldsWerePrivate(t *testing.T) {
	t.Parallel()
	mail := standin.NewSMTP(standin.SMTPOptions{})
	if err := mail.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mail.Stop(context.Background()) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"known":"JANE.DOE@buyer.example","note":"` + strings.Repeat("x", 3980) + ` jane.doe@buyer.example and more"}`))
	}))
	t.Cleanup(server.Close)
	rules := fmt.Sprintf(`connections: { email: { host: 127.0.0.1, port: %d, tls: none, from: "hi@acme.example" } }
rules:
  - name: tell
    event: scheduling.*
    actions:
      - { id: call, http: { url: "%s/x" } }
      - email: { to: "${{ meeting.meetingInfo.primaryInvitee }}", subject: "Hello", text: "Hello" }
`, mail.Port(), server.URL)
	p := testkit.Start(t, testkit.Serve{Rules: rules})
	id := once(t, p, inviting(t, "e1"))
	if shown := get(t, p.Client, p.Console+"/api/v1/runs/"+id); strings.Count(strings.ToLower(shown), "jane.d") < 4 {
		t.Fatalf("nothing is private yet, but the API shows %s", shown)
	}
	p.Stop()
	later := testkit.Start(t, testkit.Serve{Rules: rules, Database: p.Database, Args: []string{"--redact-fields", privateFields}})
	said := strings.ToLower(everywhere(t, later, id, "GAVEL_REDACT_FIELDS="+privateFields))
	if i := strings.Index(said, "jane"); i >= 0 {
		t.Errorf("it is shown: …%s…", said[max(0, i-300):min(len(said), i+100)])
	}
	if !strings.Contains(said, `"accepted":["[redacted]"]`) {
		t.Error("the accepted addresses are nowhere, so this test has looked at nothing")
	}
}

// TestFindingsDoNotTellTheEnvironment: a variable in the wrong place is not
// quoted, whatever asks for its value.
func TestFindingsDoNotTellTheEnvironment(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-Hunter2-Value-That-Is-Longer-Than-A-Message"
	for _, setting := range []string{
		"{ kind: http, base_url: \"${{ env.CRM }}\" }", "{ kind: http, base_url: \"https://crm.example\", timeout: \"${{ env.CRM }}\" }",
		"{ kind: http, base_url: \"https://crm.example\", rate: \"${{ env.CRM }}\" }", "{ kind: http, base_url: \"https://crm.example\", max_in_flight: \"${{ env.CRM }}\" }",
		"{ kind: \"${{ env.CRM }}\", base_url: \"https://crm.example\" }", "{ kind: http, base_url: \"https://crm.example\", ca_file: \"${{ env.CRM }}\" }",
		"{ kind: email, host: \"${{ env.CRM }}\", port: \"${{ env.CRM }}\", from: \"${{ upper(env.CRM) }}\" }", "{ kind: email, host: mail.example, tls: \"${{ env.CRM }}\", from: \"${{ vars.x }}\" }",
		"{ kind: slack, token: \"xoxb-1\", api_url: \"${{ env.CRM }}\" }",
	} {
		file := filepath.Join(t.TempDir(), "rules.yaml")
		if err := os.WriteFile(file, []byte("vars: { x: \"${{ env.CRM }}\" }\nconnections:\n  c: "+setting+"\nrules: []\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := testkit.Run(t, testkit.Command{Args: []string{"check", file}, Env: []string{"CRM=" + secret}})
		if r.Code != 1 {
			t.Errorf("%s: exit %d, %s%s", setting, r.Code, r.Stdout, r.Stderr)
		}
		if all := strings.ToLower(r.Stdout + r.Stderr); strings.Contains(all, "hunter2") || strings.Contains(all, "s3cr3t") {
			t.Errorf("%s: %s", setting, r.Stdout)
		}
	}
}
