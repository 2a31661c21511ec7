package values_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

const body = `{"eventId":"ev-1","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z",
	"data":{"id":"m-1","meetingStart":"2026-03-10T15:00:00Z","meetingInfo":{"meetingName":"Demo & <b>talk</b>"},
	"n":7,"half":2.5,"big":123456789012345678901234567890,"s":"a b/c?d","e":"","dots":"..","break":"a\r\nb","quote":"\"'<>&","js":"javascript:alert(1)","list":["x","y <z>"],"obj":{"a":"<"},"vip":true,"nul":null,"blank":"a b","turn":"a\u202eb"}}`

// put compiles a value for a place and renders it for the sample event. It
// returns what comes out, or what is said of it.
func put(t *testing.T, place, written string) string {
	t.Helper()
	var out text.Collector
	doc := text.ParseDocument(text.Source{Name: "f", Content: []byte("v: " + written + "\n")}, &out)
	if doc == nil {
		return "REFUSED " + out.Findings.Error()
	}
	comp := language.NewCompiler(map[string]string{"HOST": "crm.example"})
	comp.SetVars(map[string]any{"base": "https://api.example/v1", "seg": ".."})
	d := &values.Reader{Doc: doc, Out: &out, Comp: comp, Words: comp.MatchVocabulary()}
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	ev.Received = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s := language.MatchScope(nil, ev, language.Constants{Env: comp.Environment(), Vars: map[string]any{"base": "https://api.example/v1", "seg": ".."}})
	s.AddData()
	got, err := render(d, doc, place, s)
	said := out.Findings.Sorted()
	if said.HasErrors() {
		return "REFUSED " + strings.ReplaceAll(said.Error(), "\n", " | ")
	}
	warned := ""
	if len(said) > 0 {
		warned = " | " + strings.ReplaceAll(said.Error(), "\n", " | ")
	}
	var failed *language.EvalError
	switch {
	case errors.As(err, &failed):
		return "ERROR " + failed.Err.Error() + warned
	case err != nil:
		return "ERROR " + err.Error() + warned
	}
	return got + warned
}

func render(d *values.Reader, doc *text.Document, place string, s *language.Scope) (string, error) {
	n := text.NodeAt(doc.Root, "v")
	upper := func(s string) string { return "[" + s + "]" }
	switch place {
	case "html":
		return d.Html(n, n.Value).Render(s)
	case "url":
		return d.Url(n, n.Value).Render(s)
	case "host":
		return d.Url(n, n.Value).Host(), nil
	case "value", "plain":
		if place == "plain" {
			upper = nil
		}
		v, err := d.Tree(n).Render(s, upper)
		if err != nil {
			return "", err
		}
		return eval.JsonText(v)
	case "all":
		all, err := d.Text(n, n.Value, "", true).RenderAll(s, upper)
		return strings.Join(all, " ; "), err
	case "when":
		c := d.Condition(n)
		if c == nil {
			return "", nil
		}
		truth, err := c.Eval(s)
		return eval.Display(truth), err
	case "address", "header":
		return d.Text(n, n.Value, place, false).Render(s, nil)
	case "addresses":
		return d.Text(n, n.Value, "address", true).Render(s, nil)
	case "text":
		return d.Text(n, n.Value, "", false).Render(s, upper)
	case "skeleton":
		return d.Text(n, n.Value, "", false).Skeleton("X"), nil
	}
	v, err := d.Expression(n, n.Value, place).Eval(s)
	return eval.Display(v), err
}

// TestPlaces: each line of testdata/places.txtar is a value as it is written in
// a rules file, and what comes out of it at a place, or what is said of it.
func TestPlaces(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/places.txtar")
	if err != nil || len(archive.Files) < 10 {
		t.Fatalf("%d places: %v", len(archive.Files), err)
	}
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			for line := range strings.Lines(string(f.Data)) {
				written, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ⇒ ")
				if got := put(t, f.Name, written); !ok || got != want {
					t.Errorf("%s\n\tis   %s\n\twant %s", written, got, want)
				}
			}
		})
	}
}

// TestPlacesThatWereNotGiven: a parameter that is left out renders as nothing,
// and a condition that is left out is true.
func TestPlacesThatWereNotGiven(t *testing.T) {
	t.Parallel()
	var c *values.Condition
	if truth, err := c.Eval(nil); !truth || err != nil || c.UsesData() {
		t.Errorf("no condition: %t, %v", truth, err)
	}
	var e values.Expr
	if v, err := e.Eval(nil); v != nil || err != nil || !e.IsZero() || e.Kind() != language.KindNothing || e.Position() != (text.Position{}) {
		t.Errorf("no expression: %v, %v", v, err)
	}
	if s, err := (values.Text{}).Render(nil, nil); s != "" || err != nil || !(values.Text{}).IsZero() {
		t.Errorf("no text: %q, %v", s, err)
	}
	if s, err := (values.HTML{}).Render(nil); s != "" || err != nil || !(values.HTML{}).IsZero() {
		t.Errorf("no HTML: %q, %v", s, err)
	}
	if s, err := (values.URL{}).Render(nil); s != "" || err != nil || !(values.URL{}).IsZero() {
		t.Errorf("no URL: %q, %v", s, err)
	}
	if v, err := (values.Value{}).Render(nil, nil); v != nil || err != nil || !(values.Value{}).IsZero() {
		t.Errorf("no value: %v, %v", v, err)
	}
	if s, ok := (values.Value{}).Skeleton("X"); s != "" || ok {
		t.Errorf("no value has the skeleton %q", s)
	}
	literal := values.LiteralText("a")
	if s, ok := literal.Literal(); s != "a" || !ok || literal.IsZero() || literal.Source() != "a" || literal.String() != "a" {
		t.Errorf("a literal text: %q, %t", s, ok)
	}
}

// TestSecretsPrintAsNothing: whatever writes one down, its value does not show.
func TestSecretsPrintAsNothing(t *testing.T) {
	t.Parallel()
	s := values.NewSecret("hunter2")
	raw, err := json.Marshal(map[string]any{"a": s})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprint(s) + fmt.Sprintf("%v %+v %#v %s", s, s, s, s) + string(raw) + s.LogValue().String()
	if strings.Contains(all, "hunter2") || strings.Count(all, "[redacted]") != 7 {
		t.Errorf("%s", all)
	}
	if s.Reveal() != "hunter2" || s.IsZero() || !values.NewSecret("").IsZero() {
		t.Error("the value itself is lost")
	}
}
