package language_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gavel-rules/gavel/rules/language"
)

// said compiles a condition and returns what is said of it: the characters that
// it is about, the message and the hint.
func said(c *language.Compiler, w *language.Vocabulary, source string) string {
	_, problems := c.Compile(source, w, language.Guarded)
	var out []string
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%d-%d %s; %s", p.From, p.To, p.Message, p.Hint))
	}
	if out == nil {
		return "sound"
	}
	return strings.Join(out, " | ")
}

func places(c *language.Compiler) map[string]*language.Vocabulary {
	actions := c.ActionVocabulary(map[string]language.Result{"find": language.AnyResult(), "mail": language.ResultOf(nil)}, []string{"later"})
	actions.AddWindows(false, false)
	windows := c.ActionVocabulary(nil, nil)
	windows.AddWindows(true, true)
	return map[string]*language.Vocabulary{
		"condition": c.MatchVocabulary(), "action": actions, "windows": windows, "connection": c.ConstantVocabulary(), "vars": c.VarsVocabulary(),
	}
}

func compiler() *language.Compiler {
	c := language.NewCompiler(map[string]string{"CRM_URL": "https://crm.example"})
	c.SetVars(map[string]any{"home": "acme.example", "list": []any{"a", "b"}, "mixed": []any{1, "a"}, "objects": []any{map[string]any{"a": 1}}, "person": map[string]any{"name": "Ada"}})
	return c
}

// TestMistakesInExpressions: each line of testdata/mistakes.txtar is an
// expression at a place, and what is said of it when it is loaded.
func TestMistakesInExpressions(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/mistakes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	c := compiler()
	for _, f := range archive.Files {
		w := places(c)[f.Name]
		if w == nil {
			t.Fatalf("no place %s", f.Name)
		}
		for line := range strings.Lines(string(f.Data)) {
			source, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ⇒ ")
			if got := said(c, w, source); !ok || got != want {
				t.Errorf("%s: %s\n\tis   %s\n\twant %s", f.Name, source, got, want)
			}
		}
	}
}

// TestKeysOfOtherTools: a key that another tool has for the same leads to the
// one that is meant, if there is one at the place.
func TestKeysOfOtherTools(t *testing.T) {
	t.Parallel()
	known := []string{"when", "event", "actions", "name", "text"}
	for got, want := range map[string]string{
		"if": `did you mean "when"?`, "IF": `did you mean "when"?`, "on": `did you mean "event"?`, "steps": `did you mean "actions"?`, "title": `did you mean "name"?`,
		"message": `did you mean "text"?`, "body": `did you mean "text"?`, "evnt": `did you mean "event"?`, "sleep": "use one of: actions, event, name, text, when",
		"zzzzz": "use one of: actions, event, name, text, when",
	} {
		if hint := language.KeyHint(got, known); hint != want {
			t.Errorf("%s: %s, want %s", got, hint, want)
		}
		meant, ok := language.MeantKey(got, known)
		if ok != strings.HasPrefix(want, "did you mean") || ok && !strings.Contains(want, `"`+meant+`"`) {
			t.Errorf("%s: %s, %t", got, meant, ok)
		}
	}
}
