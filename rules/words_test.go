package rules_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

// goText is what Go and the expression library say, and no author wants to
// read.
var goText = regexp.MustCompile(`reflect|strconv|runtime|interface|invalid (operation|argument)|cannot (fetch|get)|<nil>|%!|map\[|\[\]|int64|float64|nil pointer|unhashable|github\.com|expected at|\*event|time\.|type `)

// TestErrorsAreInWords: whatever goes wrong in an expression is told with the
// function, the value, and what to write instead.
func TestErrorsAreInWords(t *testing.T) {
	t.Parallel()
	const body = `{"eventId":"e","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z","data":{"id":"m",
		"text":"abc","n":7,"half":0.5,"list":[1,"a",null],"object":{"a":1},"yes":true,"null":null,"absurd":1e999999999,
		"meetingStart":"2026-03-10T15:00:00Z","meetingInfo":{"formValues":[{"question":"Company size","answerText":""},{"question":"Seats","answerText":"many"}]}}}`
	ev := decodeEvent(t, body)
	values := []string{"data.text", "data.n", "data.half", "data.list", "data.object", "data.yes", "data.nope", "data.absurd", "meeting.meetingEnd",
		`answer("Company size")`, "first(data.list)", "data.list[2]"}
	forms := []string{"int(%s)", "float(%s)", "abs(%s)", "ceil(%s)", "round(%s)", "upper(%s)", "trim(%s)", "len(%s)", "keys(%s)", "values(%s)", "first(%s)", "last(%s)",
		"sum(%s)", "max(%s)", "min(%s, 1)", "mean(%s)", "median(%s)", "sort(%s)", "uniq(%s)", "reverse(%s)", "flatten(%s)", "concat(%s, [1])", "fromJSON(%s)", "toJSON(%s)", "string(%s)",
		"toBase64(%s)", "fromBase64(%s)", "toPairs(%s)", "fromPairs(%s)", "take(%s, 1)", "take([1], %s)", "repeat(%s, 2)", `repeat("x", %s)`, "split(%s, \",\")", "join(%s, \",\")", `replace(%s, "a", "b")`,
		"indexOf(%s, \"a\")", "hasPrefix(%s, \"a\")", "date(%s)", "duration(%s)", "timezone(%s)", "format(%s, \"date\")", "local(%s, \"UTC\")", "local(now(), %s)", "weekday(%s)",
		"workday(%s, \"UTC\")", "between(%s, \"09:00\", \"10:00\", \"UTC\")", "between(now(), %s, \"10:00\", \"UTC\")", "addWorkdays(%s, 1, \"UTC\")", "addWorkdays(now(), %s, \"UTC\")",
		"domain(%s)", "answer(%s)", "changed(%s)", "truncate(%s, 2)", "truncate(\"abc\", %s)", "bitand(%s, 1)", "type(%s)", "get(%s, 1)", "get(%s, \"a\")", "raw(%s)", "json(%s)",
		"-%s", "not %s", "%s + 1", "1 + %s", "%s - now()", "%s * duration(\"1h\")", "%s / 0", "%s %% 2", "%s ** 2", "%s < 1", "\"a\" <= %s", "%s > now()", "%s == 1", "%s in [1]", "1 in %s", "%s contains \"a\"",
		"\"a\" startsWith %s", "%s matches \"a\"", "\"a\" matches %s", "%s and true", "%s ? 1 : 2", "%s[9]", "%s[0]", "%s.a", "%s.a.b", "%s[1:2]", "[1, 2][%s]", "\"abc\"[%s:]", "1..%s",
		"%s.Hour()", "all(%s, true)", "filter(%s, # > 1)", "map(%s, #.a)", "count(%s, #)", "sum(%s, #)", "groupBy(%s, #)", "sortBy(%s, #)", "find(%s, #.a > 1)", "reduce(%s, #acc + #)", "%s | upper()",
		"meeting.meetingInfo.formValues[%s]", "{(%s): 1}", "let x = %s; x + 1", "any([%s], # > 1)"}
	loading := []string{"data.n == 9223372036854775813", "1e999 > data.n", `meeting.id[0] == "m"`}
	for _, when := range loading {
		if _, f := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(noteRule("any: " + when))}}, rules.Options{Kinds: kinds()}); !f.HasErrors() || goText.MatchString(f[0].Message+f[0].Hint) {
			t.Errorf("%s: %v", when, f)
		}
	}
	tried := 0
	for _, form := range forms {
		for _, value := range values {
			expr := fmt.Sprintf(form, value)
			set, f := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(noteRule("any: |-\n            " + expr))}}, rules.Options{Kinds: kinds()})
			if f.HasErrors() {
				continue // told when it is loaded
			}
			tried++
			scope := set.Scope(set.Rules[0], ev, language.ScopeOptions{Now: clock})
			_, err := set.Rules[0].Actions[0].Action.Prepare(scope)
			var failed *language.EvalError
			if errors.As(err, &failed) && goText.MatchString(failed.Err.Error()) {
				t.Errorf("%s: %s", expr, failed.Err)
			}
		}
	}
	if tried < 600 {
		t.Errorf("only %d expressions were tried", tried)
	}
	check := func(expr, want string) {
		t.Helper()
		if got := verdict(t, expr, body); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	check(`int(answer("Company size")) > 5`, `the answer to "Company size" is empty, not a number; write int(default(answer("Company size"), "0"))`)
	check(`int(answer("Seats")) > 5`, `int() needs a whole number, but answer("Seats") is the text "many"`)
	check(`data.list[9] == 1`, `data.list has no item 9: it has 3 items, counted from 0`)
	check(`data.text.name == 1`, `data.text is the text "abc", which has no field name`)
	check(`upper(data.n) == "7"`, `upper() needs text, but data.n is the number 7; convert it with string(…)`)
	check(`data.text + 1 == 2`, `+ does not work between data.text (the text "abc") and the number 1`)
	check(`filter(data.n, true) == []`, `a list is needed, but data.n is the number 7`)
	check(`fromJSON(data.text) == 1`, `fromJSON() needs JSON`)
}

// TestEvaluationStops: nothing more is evaluated once the time is up.
func TestEvaluationStops(t *testing.T) {
	t.Parallel()
	set := load(t, noteRule(`text: "${{ meeting.id }}"`))
	ctx, cancel := context.WithCancel(t.Context())
	scope := set.Scope(set.Rules[0], sampleEvent(t), language.ScopeOptions{Now: clock}).Within(ctx)
	if _, err := set.Rules[0].Actions[0].Action.Prepare(scope); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err := set.Rules[0].Actions[0].Action.Prepare(scope)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("prepared all the same: %v", err)
	}
	matching := load(t, "rules: [ { name: r, event: \"*\", when: meeting.id == \"m-1\", actions: [ { note: { text: x } } ] } ]")
	if v := matching.MatchWithin(ctx, sampleEvent(t)); len(v) != 1 || !errors.Is(v[0].Err, context.Canceled) {
		t.Errorf("matched all the same: %+v", v)
	}
}

// TestLongTextsOfStrangers: the work for what a stranger writes grows with its
// length, not with the square of it, which would take minutes here.
func TestLongTextsOfStrangers(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 60_000 {
		many = append(many, fmt.Sprintf("g%d@b.example", i))
	}
	ev := sampleEvent(t)
	ev.Meeting.Info.OptionalInvitees = strings.Join(many, ";")
	set := load(t, "rules: [ { name: r, event: \"*\", when: 'len(invitees()) == 60001 and len(uniq(invitees())) == 60001', actions: [ { note: { text: x } } ] } ]")
	if v := set.Match(ev); len(v) != 1 || v[0].Err != nil {
		t.Errorf("%+v", v)
	}
}
