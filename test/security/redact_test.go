package security

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/privacy"
)

const (
	privateFields = "meeting.meetingInfo.primaryInvitee,meeting.meetingInfo.primaryInviteeName,meeting.meetingInfo.formValues.*.answerText,meeting.meetingInfo.meetingName,data.extra"
	privateRules  = `rules:
  - name: tell
    event: scheduling.*
    when: meeting.meetingInfo.primaryInvitee endsWith "@buyer.example" && upper(meeting.meetingInfo.primaryInviteeName) != "X"
    actions:
      - log: { message: "booked by ${{ meeting.meetingInfo.primaryInviteeName }}" }
      - { id: call, http: { method: POST, url: "%[1]s/x", json: { who: "${{ meeting.meetingInfo.primaryInvitee }}", name: "${{ meeting.meetingInfo.primaryInviteeName }}" } } }
      - { retry: { max: 1 }, http: { url: "%[1]s/refuse", query: { q: "${{ meeting.meetingInfo.primaryInviteeName }}" } } }
`
)

// inviting is an event of a guest whose name needs escaping everywhere.
func inviting(t *testing.T, id string) []byte {
	t.Helper()
	body := testkit.Sample(t, event.TypeScheduled, id,
		"meeting.meetingInfo.primaryInvitee", "jane.doe@buyer.example", "meeting.meetingInfo.primaryInviteeName", "Jane & <Doe>",
		"meeting.meetingInfo.meetingName", "Call with Jane")
	return []byte(strings.Replace(string(body), `"data":{`, `"data":{"extra":{"Phone":4915112345678,"notes":["Jane's note"]},`, 1))
}

// TestRedactFields keeps personal data from everybody who looks, through every
// door, and sends it all the same.
func TestRedactFields(t *testing.T) {
	t.Parallel()
	calls := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.ServeHTTP(w, r)
		if r.URL.Path == "/refuse" {
			http.Error(w, "nobody is called "+r.URL.Query().Get("q"), http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	p := testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(privateRules, server.URL), Args: []string{"--redact-fields", privateFields}})
	live := follow(t, p)
	p.MustPost(inviting(t, "e1"))
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "the run has ended", func() bool { return len(b.list(t, "--status", "failed")) == 1 })
	if sent := calls.below("/x")[""][0].body; !strings.Contains(sent, "jane.doe@buyer.example") || !strings.Contains(sent, "Jane & <Doe>") {
		t.Errorf("sent: %s", sent)
	}
	b.nobodySees(t, p.Console, live())
}

// TestNothingIsSaidToBeHiddenThatIsNot: an action that sends nothing hides
// nothing either.
func TestNothingIsSaidToBeHiddenThatIsNot(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{
		Rules: "rules: [{ name: later, event: scheduling.*, actions: [{ wait: { for: 1h } }, { log: { message: \"for ${{ meeting.meetingInfo.primaryInviteeName }}\" } }] }]",
		Args:  []string{"--redact-fields", privateFields},
	})
	p.MustPost(inviting(t, "e1"))
	told := get(t, p.Client, p.Console+"/api/v1/events/e1/explanation")
	if strings.Contains(told, "not shown") || !strings.Contains(told, "for [redacted]") {
		t.Errorf("the wait is said to hide something, or the message is not shown without the name:\n%s", told)
	}
}

// TestRedactFieldsLater hides what was stored before the fields were private.
func TestRedactFieldsLater(t *testing.T) {
	t.Parallel()
	calls := &listener{}
	server := httptest.NewServer(calls)
	t.Cleanup(server.Close)
	rules := fmt.Sprintf(privateRules, server.URL)
	p := testkit.Start(t, testkit.Serve{Rules: rules})
	p.MustPost(inviting(t, "e1"))
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "the run has ended", func() bool { return len(b.list(t, "--status", "succeeded")) == 1 })
	if shown := get(t, p.Client, p.Console+"/api/v1/events/e1"); !strings.Contains(shown, "jane.doe@") {
		t.Fatalf("nothing is private yet, but the API shows %s", shown)
	}
	p.Stop()
	later := testkit.Start(t, testkit.Serve{Rules: rules, Database: p.Database, Env: []string{"GAVEL_REDACT_FIELDS=" + privateFields}})
	b.gavel = later
	b.nobodySees(t, later.Console, "")
}

// nobodySees looks at the one event and its run through every door.
func (b *battlefield) nobodySees(t *testing.T, console, said string) {
	t.Helper()
	b.list(t)
	id := b.seen[0].ID
	meeting := ""
	for _, path := range []string{
		"/api/v1/events/e1", "/api/v1/events", "/api/v1/runs", "/api/v1/runs/" + id, "/events", "/events/e1", "/events/e1/body", "/runs", "/runs/" + id, "/", "/metrics",
		"/search?q=e1", "/rules", "/api/v1/status",
	} {
		text := get(t, b.gavel.Client, console+path)
		said += "\n" + path + "\n" + text
		if path == "/api/v1/events/e1" {
			_, rest, _ := strings.Cut(text, `"meeting_id":`)
			meeting = strings.Split(rest, `"`)[1]
		}
	}
	for _, path := range []string{"/meetings/" + meeting, "/api/v1/meetings/" + meeting} {
		said += "\n" + path + "\n" + get(t, b.gavel.Client, console+path)
	}
	ask := func(args ...string) {
		t.Helper()
		r := testkit.Run(t, testkit.Command{
			Args: append(args, "--database", b.gavel.Database), Env: []string{"GAVEL_REDACT_FIELDS=" + privateFields},
		})
		if r.Code != 0 || r.Stdout == "" {
			t.Errorf("gavel %q: exit %d, %s", args, r.Code, r.Stderr)
		}
		said += "\n" + strings.Join(args, " ") + "\n" + r.Stdout + r.Stderr
	}
	for _, output := range []string{"text", "json"} {
		ask("events", "show", "e1", "--output", output)
		ask("events", "list", "--output", output)
		ask("runs", "show", id, "--output", output)
		ask("runs", "list", "--output", output)
		ask("explain", "e1", "--output", output)
	}
	for _, format := range []string{"ndjson", "csv"} {
		ask("events", "export", "--format", format)
		ask("runs", "export", "--format", format)
	}
	said += "\nthe log\n" + b.gavel.Log()
	if strings.HasPrefix(b.gavel.Log(), "nothing") {
		t.Fatal("there is no log")
	}
	lower := strings.ReplaceAll(strings.ToLower(said), "does", "xxxx") // a word of help
	for _, hidden := range []string{"jane", "doe", "buyer.example\\u0022", "4915112345678"} {
		if i := strings.Index(lower, hidden); i >= 0 {
			door := ""
			for line := range strings.Lines(said[:i]) {
				if strings.HasPrefix(line, "/") || strings.HasPrefix(line, "events ") || strings.HasPrefix(line, "runs ") || strings.HasPrefix(line, "explain ") {
					door = line
				}
			}
			t.Errorf("%q shows up at %s: …%s…", hidden, door, said[max(0, i-200):min(len(said), i+100)])
		}
	}
	for _, shown := range []string{privacy.RedactedAddress, privacy.Redacted, "tell"} {
		if !strings.Contains(said, shown) {
			t.Errorf("%q shows up nowhere, so this test has looked at nothing", shown)
		}
	}
}

// follow opens the live list of events. The returned function waits for the
// first event and tells what the list has said of it.
func follow(t *testing.T, p *testkit.Process) func() string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Console+"/live/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	lines.Scan() // the view is open
	return func() string {
		t.Helper()
		var said strings.Builder
		for lines.Scan() {
			said.WriteString(lines.Text() + "\n")
			if lines.Text() == "" && strings.Contains(said.String(), "e1") {
				return said.String()
			}
		}
		t.Errorf("the live list ended after %s", said.String())
		return ""
	}
}

// TestMisspeltPrivateField: a path that hides nothing must not pass for one
// that does.
func TestMisspeltPrivateField(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"meeting.meetingInfo.primaryInvite":         `did you mean "primaryInvitee"?`,
		"primaryInvitee":                            "must begin with meeting, change, gavel, event or data",
		"meeting..x":                                "name a field such as",
		"meeting.meetingInfo.formValues.answerText": "* stands for all of them",
		"meeting.meetingStart.x":                    "has nothing below it",
		"event.eventId":                             "an event cannot be shown without its id",
	} {
		r := testkit.Gavel(t, "events", "show", "e1", "--redact-fields", path)
		if r.Code != 2 || !strings.Contains(r.Stderr, want) {
			t.Errorf("%s: exit %d, %s", path, r.Code, r.Stderr)
		}
	}
}
