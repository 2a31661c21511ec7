package runbook

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// entry is one fault of the runbook.
type entry struct {
	title  string
	signs  []sign
	alerts []string
}

// sign is one line of what one sees.
type sign struct{ kind, text string }

// entries reads the runbook, by title.
func entries(t *testing.T) map[string]entry {
	t.Helper()
	raw, err := os.ReadFile("../../docs/runbook.md")
	must(t, err)
	all := map[string]entry{}
	for _, part := range strings.Split(string(raw), "\n## ")[1:] {
		title, rest, _ := strings.Cut(part, "\n")
		e := entry{title: title}
		_, block, found := strings.Cut(rest, "```text\n")
		if !found {
			continue // no fault
		}
		block, _, _ = strings.Cut(block, "\n```")
		for _, line := range strings.Split(block, "\n") {
			kind, text, _ := strings.Cut(line, " ")
			e.signs = append(e.signs, sign{kind, strings.TrimSpace(text)})
		}
		for _, m := range regexp.MustCompile("`(Gavel[A-Z][A-Za-z]+)`").FindAllStringSubmatch(rest, -1) {
			e.alerts = append(e.alerts, m[1])
		}
		all[title] = e
	}
	return all
}

// sights are what one sees, by kind of sign.
type sights map[string]func() string

// of returns what is seen of a process.
func of(t *testing.T, p *testkit.Process) sights {
	return sights{
		"log": p.Log,
		"ready": func() string {
			var r struct{ Checks, Warnings map[string]string }
			if json.Unmarshal([]byte(get(p, "/-/ready")), &r) != nil {
				return ""
			}
			var b strings.Builder
			for _, list := range []map[string]string{r.Checks, r.Warnings} {
				for _, name := range slices.Sorted(maps.Keys(list)) {
					fmt.Fprintf(&b, "%s: %s\n", name, list[name])
				}
			}
			return b.String()
		},
		"metric": func() string { return get(p, "/metrics") },
		"answer": func() string {
			a, err := p.Post(testkit.Sample(t, event.TypeScheduled, "asks"))
			if err != nil {
				return ""
			}
			return fmt.Sprintf("%d %s", a.Code, a.Body)
		},
	}
}

// prints adds what commands print.
func (s sights) prints(output string) sights {
	s["command"] = func() string { return output }
	return s
}

// get returns the body of a page of the console, whatever its status.
func get(p *testkit.Process, path string) string {
	res, err := p.Client.Get(p.Console + path)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

// isSeen waits until every sign of the entry is seen.
func (e entry) isSeen(t *testing.T, s sights) {
	t.Helper()
	for _, one := range e.signs {
		look := s[one.kind]
		if look == nil {
			t.Errorf("%s: %q is of a kind that this fault does not show", e.title, one.kind+" "+one.text)
			continue
		}
		pattern := regexp.MustCompile("(?m)" + strings.NewReplacer("…", ".*", "<n>", "[1-9][0-9.e+]*").Replace(regexp.QuoteMeta(one.text)))
		last := ""
		if !testkit.Awaited(t, func() bool { last = look(); return pattern.MatchString(last) }) {
			t.Errorf("%s: %s does not show %s, but\n%s", e.title, one.kind, one.text, last)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
