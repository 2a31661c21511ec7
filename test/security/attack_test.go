package security

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// battlefield is a Gavel with all its peers, after every attack has ended.
type battlefield struct {
	attacks []attack
	byID    map[string]attack
	gavel   *testkit.Process
	slack   *standin.Slack
	mail    *standin.SMTP
	calls   *listener
	runs    map[string]map[string]run // by event, by rule
	flags   []string                  // that every command needs
	seen    []run                     // what list has found last
}

// run is what "runs list" reports a run.
type run struct {
	ID      string `json:"id"`
	EventID string `json:"event_id"`
	Rule    string `json:"rule"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
}

// TestAttacks sends every naughty text in every field, lets the rules use all
// of them everywhere, and then asks each side what it has understood.
func TestAttacks(t *testing.T) {
	t.Parallel()
	b := fight(t)
	t.Run("slack", b.slackSawWords)
	t.Run("slack links", b.slackLinksAreAddresses)
	t.Run("mail", b.mailsAreWhole)
	t.Run("mail addresses", b.mailsReachOneMailbox)
	t.Run("html", b.htmlKeepsItsShape)
	t.Run("browser", b.nothingRuns)
	t.Run("paths", b.pathsStayPaths)
	t.Run("headers", b.headersStayHeaders)
	t.Run("query, JSON, form", b.valuesStayValues)
	t.Run("terminal", b.terminalsStayQuiet)
	t.Run("log", b.logLinesStayLines)
}

func fight(t *testing.T) *battlefield {
	b := &battlefield{
		attacks: attacks(t), byID: map[string]attack{}, calls: &listener{},
		slack: standin.NewSlack(standin.SlackOptions{}), mail: standin.NewSMTP(standin.SMTPOptions{}),
	}
	if err := b.slack.Start(""); err != nil {
		t.Fatal(err)
	}
	if err := b.mail.Start(""); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.calls)
	t.Cleanup(func() {
		server.Close()
		_, _ = b.slack.Stop(context.Background()), b.mail.Stop(context.Background())
	})
	b.gavel = testkit.Start(t, testkit.Serve{Rules: hostileRules(), Env: []string{
		"SLACK_TOKEN=xoxb-attacked", "SLACK_URL=" + b.slack.APIURL(), "SMTP_PORT=" + strconv.Itoa(b.mail.Port()), "TARGET=" + server.URL,
	}})
	for _, a := range b.attacks {
		b.byID[a.id] = a
		body := testkit.Sample(t, event.TypeScheduled, a.id)
		for _, f := range fields() {
			var err error
			if body, err = sample.Set(body, f.path, a.text); err != nil {
				t.Fatal(err)
			}
		}
		b.gavel.MustPost(body)
	}
	testkit.Eventually(t, "every run has ended", func() bool {
		return len(b.list(t, "--status", "pending,running,waiting", "--limit", "1")) == 0
	})
	b.runs = map[string]map[string]run{}
	for _, r := range b.list(t, "--limit", "1000000") {
		if b.runs[r.EventID] == nil {
			b.runs[r.EventID] = map[string]run{}
		}
		b.runs[r.EventID][r.Rule] = r
	}
	return b
}

func (b *battlefield) list(t *testing.T, args ...string) []run {
	t.Helper()
	r := testkit.Gavel(t, append([]string{"runs", "list", "--database", b.gavel.Database, "--output", "json"}, append(args, b.flags...)...)...)
	if r.Code != 0 {
		t.Fatalf("runs list: %s", r.Stderr)
	}
	var runs []run
	if err := json.Unmarshal([]byte(r.Stdout), &runs); err != nil {
		t.Fatal(err)
	}
	b.seen = runs
	return runs
}

// ended fails the test unless the run of a rule has ended as it should.
func (b *battlefield) ended(t *testing.T, a attack, rule, status string) {
	t.Helper()
	if r := b.runs[a.id][rule]; r.Status != status {
		t.Errorf("%s (%s) %s: rule %s is %q (%s), want %q", a.id, a.group, clip(a.text), rule, r.Status, r.Reason, status)
	}
}

// listener is an HTTP API that writes down what it was asked.
type listener struct {
	mu    sync.Mutex
	calls []heard
}

// heard is one request as the server has understood it.
type heard struct {
	method, uri, host string
	header            http.Header
	body              string
}

// ServeHTTP writes the request down.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, heard{r.Method, r.RequestURI, r.Host, r.Header.Clone(), string(body)})
}

// below returns the calls of each event whose path begins with prefix.
func (l *listener) below(prefix string) map[string][]heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string][]heard{}
	for _, c := range l.calls {
		if strings.HasPrefix(c.uri, prefix) {
			id := c.header.Get("X-Event")
			out[id] = append(out[id], c)
		}
	}
	return out
}

// only returns the one call of an event.
func only(t *testing.T, a attack, calls []heard) (heard, bool) {
	t.Helper()
	if len(calls) != 1 {
		t.Errorf("%s (%s) %s: %d calls, want 1", a.id, a.group, clip(a.text), len(calls))
		return heard{}, false
	}
	return calls[0], true
}

// differ reports a value that did not come out as it went in.
func differ(t *testing.T, a attack, place, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s (%s) %s: %s is %s, want %s", a.id, a.group, clip(a.text), place, clip(got), clip(want))
	}
}

func where(a attack) string { return fmt.Sprintf("%s (%s) %s", a.id, a.group, clip(a.text)) }
