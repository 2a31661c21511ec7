package deploy

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// consoleRules put something on every page of the console.
const consoleRules = `connections:
  crm: { kind: http, base_url: TARGET }
rules:
  - name: idle
    event: developer.webhook.test
    actions: [{ log: { message: tested } }]
  - name: thank-you
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { until: meeting.meetingEnd + duration("1h") }
      - log: { message: "Thank you" }
  - name: ticket
    event: scheduling.smartscheduler.canceled
    actions:
      - http: { connection: crm, url: /tickets, method: POST, json: { a: 1 } }
  - name: at-rest
    enabled: false
    event: "*"
    actions: [{ log: { message: never } }]
`

// fill puts something on every page.
func (b *behind) fill(t *testing.T) {
	t.Helper()
	for i := range 120 {
		b.MustPost(testkit.Sample(t, event.TypeWebhookTest, fmt.Sprint("many-", i)))
	}
	b.MustPost(testkit.Sample(t, event.TypeScheduled, "booked", "meeting.id", "m 1/ä"))
	b.MustPost(testkit.Sample(t, event.TypeCanceled, "canceled/with a slash"))
	testkit.Eventually(t, "the run has failed", func() bool {
		return strings.Contains(b.Log(), "run failed") || strings.Contains(b.Log(), "status=failed")
	})
	for _, args := range [][]string{{"rules", "pause", "thank-you"}, {"connections", "pause", "crm"}} {
		if out := testkit.Gavel(t, append(args, "--server", b.Console, "--server-token", consoleToken)...); out.Code != 0 {
			t.Fatalf("gavel %q: %s", args, out.Stderr)
		}
	}
}

// addresses are the attributes that lead somewhere.
var addresses = []string{"href", "src", "action", "formaction", "data-live", "data-stream", "poster", "srcset", "data-url"}

// crawler follows all that the pages of the console lead to.
type crawler struct {
	t      *testing.T
	b      *behind
	client *http.Client
	base   *url.URL
	queue  []string
	seen   map[string]bool
	shapes map[string]int // pages per path without ids
	forms  int
}

// checkPages: every link, form and asset of every page stays below the prefix,
// and what can be fetched is there.
func (b *behind) checkPages(t *testing.T) {
	t.Helper()
	base, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	c := &crawler{t: t, b: b, client: b.client(t), base: base, queue: []string{"/gavel/"}, seen: map[string]bool{"/gavel/": true}, shapes: map[string]int{}}
	for len(c.queue) > 0 && !t.Failed() {
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.visit(next)
	}
	for _, path := range []string{"/gavel/events", "/gavel/runs", "/gavel/rules", "/gavel/issues", "/gavel/connections", "/gavel/scheduled", "/gavel/pauses", "/gavel/playground", "/gavel/analytics", "/gavel/refused"} {
		if !c.seen[path] {
			t.Errorf("no page leads to %s", path)
		}
	}
	if len(c.seen) < 60 || c.forms < 10 {
		t.Errorf("only %d addresses and %d forms; is everything there?", len(c.seen), c.forms)
	}
}

func (c *crawler) visit(path string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.b.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Authorization", "Bearer "+consoleToken)
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || !below(res.Request.URL.Path) {
		c.t.Errorf("%s: %d at %s", path, res.StatusCode, res.Request.URL)
		return
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return
	}
	page, err := html.Parse(res.Body)
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	for n := range page.Descendants() {
		for _, a := range n.Attr {
			if slices.Contains(addresses, a.Key) {
				c.found(path, res.Request.URL, n, a)
			}
		}
	}
}

// found checks an address on a page and queues it.
func (c *crawler) found(path string, at *url.URL, n *html.Node, a html.Attribute) {
	c.t.Helper()
	to, err := at.Parse(a.Val)
	if err != nil || to.Scheme != "https" && to.Scheme != "http" {
		c.t.Errorf("%s: <%s %s=%q> is no address", path, n.Data, a.Key, a.Val)
		return
	}
	if to.Host != c.base.Host {
		return
	}
	if !below(to.Path) {
		c.t.Errorf("%s: <%s %s=%q> is not below the prefix", path, n.Data, a.Key, a.Val)
		return
	}
	if a.Key == "action" || a.Key == "formaction" {
		c.forms++
		return
	}
	if strings.HasPrefix(a.Key, "data-") {
		return // a live view does not end
	}
	to.Fragment = ""
	next := to.RequestURI()
	// A few of a kind are enough.
	shape := strings.Join(strings.Split(to.Path, "/")[:min(4, strings.Count(to.Path, "/")+1)], "/")
	if strings.Count(to.Path, "/") > 2 {
		shape = strings.Join(strings.Split(to.Path, "/")[:3], "/") + "/…/" + fmt.Sprint(strings.Count(to.Path, "/"), n.Data)
	}
	if c.seen[next] || c.shapes[shape] >= 12 {
		return
	}
	c.shapes[shape]++
	c.seen[next] = true
	c.queue = append(c.queue, next)
}

func below(path string) bool { return path == "/gavel" || strings.HasPrefix(path, "/gavel/") }
