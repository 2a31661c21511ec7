package browser

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestStaticDocumentation is read from the disk: it looks as it should, and its
// search, which is a script, finds the same as that of the console.
func TestStaticDocumentation(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "docs here")
	if r := testkit.Gavel(t, "docs", "--output", dir); r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	p := testkit.Start(t, testkit.Serve{Rules: "rules:\n  - { name: all, event: \"*\", actions: [{ log: { message: hello } }] }\n"})
	const found = `[...document.querySelectorAll(".hits > li")].map(e => e.querySelector("a").getAttribute("href"))`
	b := newTab(t, look{})
	page := func(name string) string { return (&url.URL{Scheme: "file", Path: filepath.Join(dir, name)}).String() }
	for _, query := range []string{"cancel teams", "PostgreSQL", "--keep", "“zurück", "it is", "oauth2 contact", "nothinglikeit", ""} {
		q := "?" + url.Values{"q": {query}}.Encode()
		b.open(p.Console + "/docs/search.html" + q)
		want := value[[]string](b, found)
		b.open(page("search.html") + q)
		if diff := cmp.Diff(want, value[[]string](b, found)); diff != "" {
			t.Errorf("%q: the console finds something else than the script (-console +script):\n%s", query, diff)
		}
		if len(want) == 0 && !strings.Contains(b.text("#found"), "words") {
			t.Errorf("%q: nobody says that nothing was found", query)
		}
	}
	b.open(page("tasks/teams-cancellation.html"))
	if color := value[string](b, `getComputedStyle(document.querySelector(".docs pre")).borderTopStyle`); color != "solid" {
		t.Errorf("the page has no style: %q", color)
	}
	b.shoot("docs-static")
	b.write("#contents input", "reminder\r")
	b.sees(".hits a")
	b.follow(".hits a")
	if h := b.text("h1"); !strings.Contains(h, "reminder") {
		t.Errorf("the first hit leads to %q", h)
	}
}

// TestTranscriptIsCopiedWithoutPrompts from a page of the documentation.
func TestTranscriptIsCopiedWithoutPrompts(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Rules: "rules:\n  - { name: all, event: \"*\", actions: [{ log: { message: hello } }] }\n"})
	b := newTab(t, look{})
	b.open(p.Console + "/docs/tasks/reminder.html")
	value[bool](b, `Object.defineProperty(navigator.clipboard, "writeText", {value: async (text) => { window.copied = text; }}), true`)
	value[bool](b, `[...document.querySelectorAll("pre[data-language=console]")].pop().parentElement.querySelector(".copy").click(), true`)
	if got := value[string](b, "window.copied"); got != "gavel test\n" {
		t.Errorf("%q was copied", got)
	}
}
