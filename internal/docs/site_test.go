package docs_test

import (
	"html"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/docs"
	"github.com/gavel-rules/gavel/docs/site"
)

// documentation is the site that the program has in it.
func documentation(t *testing.T) *site.Site {
	t.Helper()
	s, err := site.New(docs.Files, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	idAttribute   = regexp.MustCompile(` id="([^"]*)"`)
	hrefAttribute = regexp.MustCompile(` (?:href|src)="([^"]*)"`)
	rawComment    = regexp.MustCompile(`&lt;!--|&lt;/?[a-z]+&gt;</p>`)
)

// TestSiteLinksLead follows every link of the site to a page, a file or a
// heading, and looks at the ids that the console uses for itself.
func TestSiteLinksLead(t *testing.T) {
	t.Parallel()
	s := documentation(t)
	ids := map[string][]string{}
	articles := map[string]string{}
	for _, p := range s.Pages() {
		var b strings.Builder
		if err := s.Article(&b, p); err != nil {
			t.Fatal(err)
		}
		articles[p.Path] = b.String()
		for _, m := range idAttribute.FindAllStringSubmatch(b.String(), -1) {
			if slices.Contains(ids[p.Path], m[1]) || slices.Contains([]string{"main", "zone", "live", "missed", "hits", "found"}, m[1]) {
				t.Errorf("%s: the id %q is taken; change the heading", p.Path, m[1])
			}
			ids[p.Path] = append(ids[p.Path], m[1])
		}
		if rawComment.MatchString(string(p.Body)) {
			t.Errorf("%s shows a piece of HTML as text", p.Path)
		}
	}
	followed := 0
	for from, article := range articles {
		for _, m := range hrefAttribute.FindAllStringSubmatch(article, -1) {
			to, anchor, _ := strings.Cut(html.UnescapeString(m[1]), "#")
			if strings.Contains(to, "://") {
				continue
			}
			followed++
			target := from
			if to != "" {
				target = path.Join(path.Dir(from), to)
			}
			_, isFile := s.File(target)
			switch {
			case isFile, target == site.SearchPath:
			case s.Page(target) == nil:
				t.Errorf("%s: link to %s, which is not there", from, m[1])
			case anchor != "" && !slices.Contains(ids[target], anchor):
				t.Errorf("%s: link to %s: no heading has this anchor", from, m[1])
			}
		}
	}
	if len(articles) < 30 || followed < 800 {
		t.Errorf("only %d pages with %d links; does the test still see them?", len(articles), followed)
	}
}

// TestStartPageLeadsEverywhere because the list beside every page is made of it.
func TestStartPageLeadsEverywhere(t *testing.T) {
	t.Parallel()
	linked := map[string]bool{}
	for _, d := range documents(t) {
		if path.Base(d.path) != "README.md" || d.path == "README.md" {
			continue
		}
		linked[d.path] = true
		for _, m := range link.FindAllStringSubmatch(d.prose(), -1) {
			to, _, _ := strings.Cut(m[1], "#")
			linked[path.Join(path.Dir(d.path), to)] = true
		}
	}
	for _, d := range documents(t) {
		if strings.HasPrefix(d.path, "docs/") && !linked[d.path] {
			t.Errorf("%s is not listed: add it to a list in docs/README.md, or in the README.md of its folder", d.path)
		}
	}
}

// TestTablesAreEven because a cell too many is not shown, here and on GitHub.
func TestTablesAreEven(t *testing.T) {
	t.Parallel()
	rows := 0
	for _, d := range documents(t) {
		width := 0
		for i, line := range strings.Split(d.prose(), "\n") {
			if !strings.HasPrefix(line, "|") {
				width = 0
				continue
			}
			cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") - 1
			if width == 0 {
				width = cells
			}
			rows++
			if cells != width {
				t.Errorf("%s:%d: the row has %d cells, the head %d", d.path, i+1, cells, width)
			}
		}
	}
	if rows < 200 {
		t.Errorf("only %d rows were found; does the test still see them?", rows)
	}
}

// TestSearchFinds what people look for, first.
func TestSearchFinds(t *testing.T) {
	t.Parallel()
	s := documentation(t)
	for query, want := range map[string]string{
		"cancel teams":       "tasks/teams-cancellation.html",
		"reminder":           "tasks/reminder.html",
		"living messages":    "rules.html#living-messages",
		"n8n":                "comparison.html",
		"at night 3 a.m.":    "",
		"disk full":          "runbook.html",
		"rotate secret":      "tasks/rotate-secret.html",
		"weekly report csv":  "tasks/weekly-report.html",
		"gavel_failing_runs": "",
		"postgres":           "tasks/move-to-postgres.html",
		"--keep":             "",
	} {
		hits := s.Search(query)
		if len(hits) == 0 {
			t.Errorf("%q finds nothing", query)
		} else if !strings.HasPrefix(hits[0].Path, want) {
			t.Errorf("%q finds %s first, want %s", query, hits[0].Path, want)
		}
	}
}
