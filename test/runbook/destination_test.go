package runbook

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// calling are rules that call an address for each event.
func calling(url string) string {
	return fmt.Sprintf("connections: { crm: { kind: http, base_url: %q } }\nrules:\n  - { name: tell-crm, event: \"*\", actions: [{ http: { connection: crm, url: /x } }] }\n", url)
}

func answers(t *testing.T, do http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(do)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func asking(t *testing.T, p *testkit.Process, args ...string) sights {
	s := of(t, p)
	s["command"] = func() string { return testkit.Gavel(t, append(args, "--server", p.Console)...).Stdout }
	return s
}

func runsFail(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{Rules: calling(answers(t, status(http.StatusUnprocessableEntity)))})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "fails"))
	e.isSeen(t, asking(t, p, "issues", "list"))
}

func tokenRevoked(t *testing.T, e entry) {
	slack := standin.NewSlack(standin.SlackOptions{})
	must(t, slack.Start(""))
	t.Cleanup(func() { _ = slack.Stop(t.Context()) }) // what is left of it ends with the test
	slack.RefuseNext(1000, "token_revoked")
	p := testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(
		"connections: { slack: { token: xoxb-1, api_url: %q } }\nrules:\n  - { name: tell, event: \"*\", actions: [{ slack: { channel: \"#sales\", text: hi } }] }\n", slack.APIURL())})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "fails"))
	e.isSeen(t, asking(t, p, "issues", "list"))
}

func destinationDown(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{Rules: calling(answers(t, status(http.StatusBadGateway)))})
	for i := range 20 {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("held-%d", i)))
	}
	e.isSeen(t, asking(t, p, "connections", "list"))
}

func runsOverdue(t *testing.T, e entry) {
	stop := make(chan struct{})
	url := answers(t, func(http.ResponseWriter, *http.Request) { <-stop })
	t.Cleanup(func() { close(stop) }) // before the server closes
	p := testkit.Start(t, testkit.Serve{Rules: calling(url), Args: []string{"--workers", "1"}})
	for i := range 40 {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("slow-%d", i), "meeting.id", fmt.Sprintf("m-%d", i)))
	}
	e.isSeen(t, asking(t, p, "status"))
}

func pausedForLong(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{Rules: calling("https://crm.example")})
	if r := testkit.Gavel(t, "connections", "pause", "crm", "--reason", "migration", "--server", p.Console); r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "held"))
	e.isSeen(t, asking(t, p, "pause"))
}
