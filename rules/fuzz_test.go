package rules_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

// FuzzLoad: any bytes load or are refused with findings that have a place,
// and a set that loads can match.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/findings/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte(chain))
	f.Add([]byte(manyRules(2)))
	f.Add([]byte("x: &a [*a]\n"))
	f.Add([]byte("\ufeffrules:\r\n- name: \"a\\u00e4\\\n  b\"\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 16<<10 {
			return // larger files take longer and show nothing else
		}
		set, found := rules.Load([]text.Source{{Name: "f.yaml", Content: content}}, rules.Options{Kinds: kinds(), Env: env()})
		if (set == nil) != found.HasErrors() {
			t.Fatalf("set is nil: %t, but findings are %s", set == nil, found.Error())
		}
		for _, x := range found {
			if x.Message == "" || x.Pos.File == "" || x.Pos.Line < 0 {
				t.Errorf("finding without a message or a place: %+v", x)
			}
			lines := strings.Count(string(content), "\n") + strings.Count(string(content), "\r") +
				strings.Count(string(content), "\u0085") + strings.Count(string(content), "\u2028") + strings.Count(string(content), "\u2029") + 1
			if x.Pos.Line > lines {
				t.Errorf("finding behind the end of %d lines: %+v", lines, x)
			}
		}
		_ = printed(found)
		if set == nil {
			return
		}
		ev := sampleEvent(t)
		set.Match(ev)
		for _, r := range set.Rules {
			scope := set.Scope(r, ev, language.ScopeOptions{Now: clock})
			for _, s := range r.Actions {
				if s.Action != nil { // a step that sends something
					_, _ = s.Action.Prepare(scope)
				}
			}
		}
	})
}

// FuzzTemplate: any text in a text field loads or is refused, and what it
// renders holds no event value that was not escaped.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"plain", "${{ meeting.id }}", "$${{ x }}", "${{ {\"a\": {\"b\": 1}} }}", "a ${{ '}}' }} b", "${{", "${{ }}",
		"${{ meeting.meetingInfo.primaryInviteeName }}", "${{ reduce(1..40, #acc + #acc, \"x\") }}", "${{ `}}` }}", "${{ /* }} */ 1 }}",
		"${{ data?.extra.tags[0] }}", "${{ let a = 1; a + 1 }}", "${{ map(1..3, # * 2) }}", "ä ${{ \"ö\" + meeting.x }}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || strings.Contains(s, "raw") {
			return
		}
		set, found := rules.Load([]text.Source{{Name: "f.yaml", Content: []byte(noteRule("text: " + yamlQuote(s)))}}, rules.Options{Kinds: kinds(), Env: env()})
		if set == nil {
			if !found.HasErrors() {
				t.Fatal("refused without a finding")
			}
			return
		}
		text := set.Rules[0].Actions[0].Action.(*note).noteParams.Text
		out, err := text.Render(set.Scope(set.Rules[0], sampleEvent(t), language.ScopeOptions{Now: clock}), func(string) string { return "" })
		if err == nil && strings.Contains(out, "Jane <b>") && !strings.Contains(s, "Jane <b>") {
			t.Errorf("%q rendered unescaped: %q", s, out)
		}
	})
}

func yamlQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f:
			b.WriteString(" ")
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
