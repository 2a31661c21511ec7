package console_test

import (
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/event"
)

var helpLink = regexp.MustCompile(`href="/docs/([^"#]+)(?:#([^"]*))?">Help with this page`)

// TestHelpLeads from each page to a document that has the heading.
func TestHelpLeads(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *console.Options) { o.Desk = &clerk{t: t} })
	failed := r.accept(event.TypeScheduled, "ev-1", event.StatusFailed)[0]
	for _, page := range []string{"/", "/events", "/events/ev-1", "/runs", "/runs/" + failed.ID, "/meetings/" + failed.MeetingID, "/issues", "/rules",
		"/connections", "/pauses", "/scheduled", "/refused", "/playground", "/events?q=ev"} {
		m := helpLink.FindStringSubmatch(r.page(page).Body)
		if m == nil {
			t.Errorf("%s has no help", page)
			continue
		}
		help := r.page("/docs/" + m[1])
		if help.StatusCode != http.StatusOK || m[2] != "" && !strings.Contains(help.Body, ` id="`+m[2]+`"`) {
			t.Errorf("%s: the help %s#%s is not there: %d", page, m[1], m[2], help.StatusCode)
		}
	}
}

// TestNoticesLeadToTheRunbook of the console, which has the entries.
func TestNoticesLeadToTheRunbook(t *testing.T) {
	t.Parallel()
	warnings := map[string]string{}
	for _, name := range []string{"archive", "backup", "clock", "stuck"} {
		warnings[name] = "Cannot do this: " + name
	}
	r := setup(t, func(o *console.Options) {
		o.Health = probe{checks: map[string]string{"store": "the disk is full"}, warnings: warnings}
	})
	page, runbook := r.page("/").Body, r.page("/docs/runbook.html").Body
	found := regexp.MustCompile(`<p>(?:Cannot do this|Not ready)[^<]*</p><a href="/docs/runbook.html(?:#([^"]+))?">What to do</a>`).FindAllStringSubmatch(page, -1)
	entries := 0
	for _, m := range found {
		if m[1] == "" {
			continue
		}
		entries++
		if !strings.Contains(runbook, ` id="`+m[1]+`"`) {
			t.Errorf("the runbook has no entry %s", m[1])
		}
	}
	if len(found) != len(warnings)+1 || entries != 3 {
		t.Errorf("%d notices lead to the runbook, %d of them to an entry:\n%s", len(found), entries, page)
	}
}

// TestDocumentsHaveTheirAddresses under the names that people type, too.
func TestDocumentsHaveTheirAddresses(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for address, want := range map[string]string{
		"/docs": "docs/", "/docs/rules": "rules.html", "/docs/rules.md": "rules.html", "/docs/tasks/reminder.md": "reminder.html",
		"/docs/decisions/README.md": "index.html", "/docs/README.md": "index.html", "/docs/search?q=a+b": "search.html?q=a+b",
	} {
		a := r.page(address)
		if a.StatusCode != http.StatusFound || a.Header.Get("Location") != want {
			t.Errorf("%s: %d to %q, want %q", address, a.StatusCode, a.Header.Get("Location"), want)
		}
	}
	for address, want := range map[string]string{"/docs/": "<h1", "/docs/decisions/": "Decisions</h1>", "/docs/alerts.yaml": "groups:", "/docs/search.html?q=%3Cb%3E+x": "&lt;b&gt;"} {
		a := r.page(address)
		if a.StatusCode != http.StatusOK || !strings.Contains(a.Body, want) {
			t.Errorf("%s: %d, without %q", path.Base(address), a.StatusCode, want)
		}
		if strings.Contains(a.Body, "<b>") || strings.Contains(a.Body, "style=") {
			t.Errorf("%s has what the security policy forbids or a reader could have written", address)
		}
	}
	for _, address := range []string{"/docs/none", "/docs/none.md", "/docs/docs.go", "/docs/site/assets/docs.js", "/docs//etc/passwd", "/docs/%2e%2e/%2e%2e/etc/passwd"} {
		if a := r.page(address); a.StatusCode != http.StatusNotFound || !strings.Contains(a.Body, `href="/docs">All docs`) {
			t.Errorf("%s: %d, or no link to all pages", address, a.StatusCode)
		}
	}
}
