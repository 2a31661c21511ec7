package site_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gavel-rules/gavel/docs/site"
)

// setup makes a site of documents.
func setup(t *testing.T, documents map[string]string) *site.Site {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range documents {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s, err := site.New(files, "0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLinksAreOfTheSite(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{
		"README.md": "# Start\n", "tasks/a.md": "# A & B\n", "alerts.yaml": "groups: []\n", "unused.yaml": "no: one\n",
		"decisions/README.md": "# Decisions\n",
		"rules.md": "# Rules\n[a](#b) [b](tasks/a.md#x) [c](README.md) [d](decisions/README.md) [e](alerts.yaml) [tasks/a.md](tasks/a.md#y)\n" +
			"[f](../CHANGELOG.md) [g](rules.schema.json) [h](https://expr-lang.org) [i](screenshots) ![j](screenshots/x.png)\n",
	})
	body := string(s.Page("rules.html").Body)
	const source = "https://github.com/gavel-rules/gavel/blob/v0.1.0/"
	for _, want := range []string{
		`href="#b"`, `href="tasks/a.html#x"`, `href="index.html"`, `href="decisions/index.html"`, `href="alerts.yaml"`, `<a href="tasks/a.html#y">A &amp; B</a>`,
		`href="` + source + `CHANGELOG.md"`, `href="` + source + `docs/rules.schema.json"`, `href="https://expr-lang.org"`,
		`href="` + source + `docs/screenshots"`, `<a href="` + source + `docs/screenshots/x.png">Picture: j</a>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if _, ok := s.File("alerts.yaml"); !ok {
		t.Error("a file that a page links to is not there")
	}
	if _, ok := s.File("unused.yaml"); ok {
		t.Error("a file that no page links to is there")
	}
}

func TestRawHTMLIsText(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{"a.md": "# A <b>&\n\n<!-- before: rm -->\n<script>alert(1)</script>\n\nIn <img src=x onerror=y> line <!-- a note -->\n\n" +
		"<div>\nmore\n</div>\n\n```html\n<i>\n```\n\n[x](javascript:alert(1))\n"})
	body := string(s.Page("a.html").Body)
	for _, bad := range []string{"<script", "<img", "<div>", "<i>", "<b>", "before:", "a note", "javascript:", "raw HTML"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page contains %q:\n%s", bad, body)
		}
	}
	for _, want := range []string{"&lt;script&gt;", "&lt;img src=x onerror=y&gt;", "&lt;div&gt;", "&lt;i&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
}

// TestAnchorsAreThoseOfGitHub for headings with punctuation, code, and twice the
// same.
func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{"a.md": "# A\n## Was anything lost?\n## `gavel_x` and *more*\n## Same\n### Same\n## Gavel's own – événements\n"})
	body := string(s.Page("a.html").Body)
	for _, want := range []string{"was-anything-lost", "gavel_x-and-more", "same", "same-1", "gavels-own--événements"} {
		if !strings.Contains(body, `id="`+want+`"`) {
			t.Errorf("no heading has the anchor %q:\n%s", want, body)
		}
	}
}

// TestTranscriptIsCopiedWithoutPrompts because the style sheet draws them.
func TestTranscriptIsCopiedWithoutPrompts(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{"a.md": "# A\n```console\n$ gavel check\nok\n```\n```sh\n$ kept\n```\n"})
	body := string(s.Page("a.html").Body)
	if want := `<span class="typed">gavel check</span>` + "\nok\n"; !strings.Contains(body, want) || !strings.Contains(body, "$ kept") {
		t.Errorf("the blocks are\n%s", body)
	}
}

// TestCommentsStepBack in YAML and commands, and what only looks like one does not.
func TestCommentsStepBack(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{"a.md": "# A\n```yaml\na: \"#b # c\"   # d <e>\n# f\ng: h#i\n```\n```text\nj # k\n```\n"})
	body := string(s.Page("a.html").Body)
	want := "a: &quot;#b # c&quot;   <span class=\"note\"># d &lt;e&gt;</span>\n<span class=\"note\"># f</span>\ng: h#i\n</code>"
	if !strings.Contains(body, want) || !strings.Contains(body, ">j # k\n") {
		t.Errorf("the blocks are\n%s", body)
	}
}

func TestDocumentWithoutTitleIsRefused(t *testing.T) {
	t.Parallel()
	_, err := site.New(fstest.MapFS{"a.md": &fstest.MapFile{Data: []byte("text")}}, "")
	if err == nil || !strings.Contains(err.Error(), "a.md") || !strings.Contains(err.Error(), "heading") {
		t.Errorf("the error is %v", err)
	}
}

func TestSearchBounds(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{"a.md": "# Alpha\nSome text about waiting in Zürich, and " + strings.Repeat("filler ", 60) + "needle.\n## Part\nThe needle again.\n"})
	check := func(query string, want ...string) {
		t.Helper()
		var got []string
		for _, h := range s.Search(query) {
			got = append(got, h.Path)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
	check("NEEDLE", "a.html", "a.html#part")
	check("zür", "a.html")
	check("needle part", "a.html#part")
	check("eedle")
	check("")
	check(" -- ")
	check(strings.Repeat("needle ", 100), "a.html", "a.html#part")
	check(strings.Repeat("x", 10_000))
	if hit := s.Search("needle")[0]; !strings.HasPrefix(hit.Excerpt, "… ") || !strings.Contains(hit.Excerpt, "needle") || len(hit.Excerpt) > 200 {
		t.Errorf("the excerpt is %q", hit.Excerpt)
	}
}

// TestQueryIsShownAsText however it is written.
func TestQueryIsShownAsText(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{"README.md": "# A\n"})
	var b bytes.Buffer
	if err := s.Results(&b, `"><script>alert(1)</script>`); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "<script") {
		t.Errorf("the page is\n%s", b.String())
	}
}

// TestStaticForm has every page, what they use, and nothing that begins with a
// slash.
func TestStaticForm(t *testing.T) {
	t.Parallel()
	s := setup(t, map[string]string{"README.md": "# Start\n## Tasks\n- [A task](tasks/a.md): does\n\n[f](alerts.yaml)\n", "tasks/a.md": "# A\n[b](../README.md)\n", "alerts.yaml": "x: 1\n"})
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := s.Write(dir, site.Look{Style: []byte("body{}"), Icon: []byte("<svg/>")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "tasks/a.html", "search.html", "search-index.js", "docs.js", "gavel.css", "gavel.svg", "alerts.yaml"} {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || len(content) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(content), err)
		}
		if bytes.Contains(content, []byte(`href="/`)) || bytes.Contains(content, []byte(`src="/`)) {
			t.Errorf("%s has a link that leaves its folder", name)
		}
	}
	page, _ := os.ReadFile(filepath.Join(dir, "tasks", "a.html"))
	for _, want := range []string{`href="../gavel.css"`, `href="../tasks/a.html" aria-current="page"`, `action="../search.html"`} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}
