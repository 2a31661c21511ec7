package rules_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

func TestTextRender(t *testing.T) {
	t.Parallel()
	check := func(source, want string) {
		t.Helper()
		got, err := render(t, "text: |-\n            "+source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			return
		}
		if got.Text != want {
			t.Errorf("%s = %q, want %q", source, got.Text, want)
		}
	}
	check(`plain [text]`, `plain [text]`)
	check(`a ${{ meeting.id }} b`, `a [m-1] b`)
	check(`${{ meeting.id }}${{ meeting.id }}`, `[m-1][m-1]`)
	check(`literal $${{ meeting.id }} and ${{ meeting.id }}`, `literal ${{ meeting.id }} and [m-1]`)
	check(`${{ {"a": {"b": 1}}.a.b }}`, `[1]`)
	check(`${{ "}}" + '}}' }}`, `[}}}}]`)
	check("${{ `}}` /* }} */ }}", `[}}]`)
	check(`${{ nil }}x`, `[]x`)
	check(`${{ data.nope.deeper.still }}`, `[]`)
	check(`${{ data.extra.big }} ${{ 0.5 }} ${{ 1/4 }}`, `[5000000] [0.5] [0.25]`)
	check(`${{ meeting.meetingStart }}`, `[2026-03-10T15:00:00Z]`)
	check(`${{ meeting.meetingStart - duration("24h") }}`, `[2026-03-09T15:00:00Z]`)
	check(`${{ meeting.meetingEnd - meeting.meetingStart }}`, `[30m]`)
	check(`${{ data.extra.tags }} ${{ {"a": "<&>"} }}`, `[["a","b"]] [{"a":"<&>"}]`)
	check(`${{ raw(meeting.meetingInfo.meetingName) }}`, `Demo & talk`)
	check(`${{ previous.meetingStart }}${{ previous.id }}`, `[][]`)
	check(`${{ previous == nil }} ${{ nil != previous }}`, `[true] [false]`)
	check(`${{ vars.home }} ${{ vars.list[1] }} ${{ vars.person.name }}`, `[acme.example] [2] [Ada]`)
	check(`${{ env.HOME_DOMAIN }}`, `[acme.example]`)
	check(`${{ now() }}`, `[2026-03-02T12:00:00Z]`)
	check(`${{ meeting.reschedules }}`, `[0]`)
	check(`${{ meeting?.reschedules + meeting["reschedules"] }}`, `[0]`)
	check(`${{ event.eventType }} ${{ event.eventTimestamp }}`, `[scheduling.smartscheduler.scheduled] [2026-03-01T10:00:00Z]`)
}

func TestTextIsEscapedAsAWhole(t *testing.T) {
	t.Parallel()
	set := load(t, noteRule(`text: "${{ meeting.meetingInfo.primaryInviteeName }} <b>"`))
	scope := set.Scope(set.Rules[0], sampleEvent(t), language.ScopeOptions{Now: clock})
	got := set.Rules[0].Actions[0].Action.(*note).noteParams.Text
	escaped, err := got.Render(scope, func(s string) string { return strings.ReplaceAll(s, "<", "&lt;") })
	if err != nil || escaped != "Jane &lt;b>Doe&lt;/b> <b>" {
		t.Errorf("got %q, %v", escaped, err)
	}
	if literal, ok := got.Literal(); ok {
		t.Errorf("Literal() = %q, true", literal)
	}
}

func TestRunTimeErrors(t *testing.T) {
	t.Parallel()
	check := func(line, want string) {
		t.Helper()
		_, err := render(t, line)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
		var failed *language.EvalError
		if !errors.As(err, &failed) || failed.Pos.Line == 0 {
			t.Errorf("%s: error has no position: %v", line, err)
		}
	}
	check(`text: "${{ len(data.extra.vip) }}"`, `rules.yaml:7:22: "len(data.extra.vip)": len() needs text, a list or an object, but data.extra.vip is true`)
	check(`text: "${{ data.extra.tags && data.extra.vip }}"`, "true or false is needed, but data.extra.tags is a list")
	check(`text: "${{ local(meeting.meetingStart, data.extra.tags[0]) }}"`, `unknown time zone "a"`)
	check(`text: "${{ map(1..1000, len(1..1000)) }}"`, "the expression needs too much memory")
	check(`text: "${{ len(1..200000) }}"`, "the expression needs too much memory")
	check(`text: "${{ repeat(\"x\", 200000) }}"`, "the expression needs too much memory")
	check(`text: "${{ map(1..99, repeat(\"x\", 4000)) }}"`, "the expression needs too much memory")
	check(`text: "${{ replace(repeat(\"x\", 2000), \"x\", repeat(\"y\", 2000)) }}"`, "the expression needs too much memory")
	check(`text: "${{ join(map(1..2000, meeting.id), repeat(\"y\", 2000)) }}"`, "the expression needs too much memory")
	check(`text: "${{ reduce(1..40, #acc + #acc, \"xxxxxxxx\") }}"`, "the expression needs too much memory")
	check(`text: "${{ let a = repeat(meeting.id, 4999); let b = a+a+a+a+a+a+a+a; let c = b+b+b+b+b+b+b+b+b; c+c }}"`, "the expression needs too much memory")
	check(`header: "a ${{ \"x\\ny\" }}"`, "contains a line break")
	check(`to: ["${{ \"x\\ry\" }}"]`, "not allowed in an address")
	check(`at: data.extra.score`, "expected a time, but this is a number")
	check(`at: data.nope`, "this event has no data.nope")
	check(`url: "/a/${{ data.nope }}"`, "is empty, which changes the path")
	check(`url: "/a/${{ \"..\" }}/b"`, `makes the path segment ".."`)
	check(`url: "/a/.${{ \".\" }}"`, `makes the path segment ".."`)
	check(`url: "/a/%2e${{ \".\" }}"`, `makes the path segment ".."`)
	check(`url: "/a/${{ raw(\"x y\") }}"`, "white space")
}

func TestHTMLRender(t *testing.T) {
	t.Parallel()
	check := func(source, want string) {
		t.Helper()
		got, err := render(t, "html: |-\n            "+source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			return
		}
		if got.HTML != want {
			t.Errorf("%s = %q, want %q", source, got.HTML, want)
		}
	}
	check(`<p>${{ meeting.meetingInfo.primaryInviteeName }}</p>`, `<p>Jane &lt;b&gt;Doe&lt;/b&gt;</p>`)
	check(`<a href="${{ "javascript:alert(1)" }}">x</a>`, `<a href="#ZgotmplZ">x</a>`)
	check(`<a href="https://a.example/?q=${{ "a&b c" }}">x</a>`, `<a href="https://a.example/?q=a%26b%20c">x</a>`)
	check(`<a title='${{ "'><script>" }}'>x</a>`, `<a title='&#39;&gt;&lt;script&gt;'>x</a>`)
	check(`<p>${{ raw("<b>ok</b>") }}</p>`, `<p><b>ok</b></p>`)
	check(`{{ literal }} ${{ data.extra.big }}`, `{{ literal }} 5000000`)
	check(`<!--[if mso]><style>x</style><![endif]--><p>${{ meeting.id }}</p>`, `<!--[if mso]><style>x</style><![endif]--><p>m-1</p>`)
	check(`<style>p { /* <!-- no --> */ color: red }</style>${{ meeting.id }}`, `<style>p {   color: red }</style>m-1`)
	check(`no values <!-- kept -->`, `no values <!-- kept -->`)
}

func TestURLRender(t *testing.T) {
	t.Parallel()
	check := func(source, want, host string) {
		t.Helper()
		got, err := render(t, "url: |-\n            "+source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			return
		}
		if got.URL != want {
			t.Errorf("%s = %q, want %q", source, got.URL, want)
		}
		set := load(t, noteRule("url: |-\n            "+source))
		if h := set.Rules[0].Actions[0].Action.(*note).noteParams.URL.Host(); h != host {
			t.Errorf("%s: host %q, want %q", source, h, host)
		}
	}
	check(`/contacts`, `/contacts`, "")
	check(`/contacts/${{ meeting.meetingInfo.location }}`, `/contacts/..%2Fadmin`, "")
	check(`/c/${{ "a/b?c#d e%" }}/x`, `/c/a%2Fb%3Fc%23d%20e%25/x`, "")
	check(`/c?q=${{ "a&b=c d" }}&n=${{ nil }}#${{ "x/y" }}`, `/c?q=a%26b%3Dc+d&n=#x%2Fy`, "")
	check(`https://API.example:8443/x?y=${{ meeting.id }}`, `https://API.example:8443/x?y=m-1`, "api.example:8443")
	check(`https://${{ env.HOME_DOMAIN }}/x`, `https://acme.example/x`, "acme.example")
	check(`${{ vars.base }}/contacts/${{ meeting.id }}`, `https://api.example/v1/contacts/m-1`, "api.example")
	check(`https://api.example?x=${{ meeting.id }}`, `https://api.example?x=m-1`, "api.example")
}

func TestValueRender(t *testing.T) {
	t.Parallel()
	got, err := render(t, `json:`,
		`  lone: "${{ data.extra.score }}"`,
		`  list: "${{ data.extra.tags }}"`,
		`  object: "${{ data.extra }}"`,
		`  time: "${{ meeting.meetingStart }}"`,
		`  none: "${{ data.nope }}"`,
		`  within: "n=${{ data.extra.score }}"`,
		`  answers: "${{ meeting.meetingInfo.formValues }}"`,
		`  null: ~`,
		`  number: 5`,
		`  float: 1.5`,
		`  yes: true`,
		`  date: 2026-01-31`,
		`  nested: [ { a: "${{ meeting.id }}" }, x ]`,
		`  literal: "$${{ x }}"`,
	)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"lone": 7, "list": []any{"a", "b"}, "time": "2026-03-10T15:00:00Z", "none": nil, "within": "n=7",
		"object":  map[string]any{"score": 7, "big": 5000000, "tags": []any{"a", "b"}, "vip": true},
		"answers": []any{map[string]any{"question": "Company size ", "answerText": "51-200"}},
		"null":    nil, "number": 5, "float": 1.5, "yes": true, "date": "2026-01-31",
		"nested": []any{map[string]any{"a": "m-1"}, "x"}, "literal": "${{ x }}",
	}
	if diff := cmp.Diff(want, got.JSON); diff != "" {
		t.Errorf("json (-want +got):\n%s", diff)
	}
}

func TestValueEscapesStringsInsideLists(t *testing.T) {
	t.Parallel()
	set := load(t, noteRule(`json: { a: "${{ data.extra.tags }}", b: "x ${{ meeting.id }}", c: literal }`))
	v := set.Rules[0].Actions[0].Action.(*note).noteParams.JSON
	got, err := v.Render(set.Scope(set.Rules[0], sampleEvent(t), language.ScopeOptions{}), upperBrackets)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": []any{"[a]", "[b]"}, "b": "x [m-1]", "c": "literal"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("escaped (-want +got):\n%s", diff)
	}
}

func TestFunctionExamples(t *testing.T) {
	t.Parallel()
	for _, f := range eval.Functions() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			if f.Doc == "" || !strings.HasPrefix(f.Signature, f.Name+"(") {
				t.Errorf("function %s is not documented", f.Name)
			}
			got, err := render(t, "text: |-\n            ${{ json("+f.Example+") }}")
			if f.Name == "raw" {
				return // covered where texts are rendered: raw text is no JSON
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Text != "["+f.Result+"]" {
				t.Errorf("%s = %s, want %s", f.Example, got.Text, f.Result)
			}
		})
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	check := func(expr string, want any) {
		t.Helper()
		got, err := render(t, "any: |-\n            "+expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			return
		}
		if diff := cmp.Diff(want, got.Any); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expr, diff)
		}
	}
	check(`answer("BUDGET?")`, "10k")
	check(`answer("nope")`, "")
	check(`domain("nobody")`, "")
	check(`domain("a@b@c")`, "")
	check(`domain(data.nope)`, "")
	check(`weekday(meeting.meetingStart)`, "Tuesday")
	check(`format(meeting.meetingStart, "time", "Asia/Kolkata")`, "20:30")
	check(`format(previous.meetingStart, "date")`, "")
	check(`format("2026-01-31T09:30:00Z", "date")`, "2026-01-31")
	check(`local(meeting.meetingStart, "America/New_York").Hour()`, 11)
	check(`default(data.nope, "x")`, "x")
	check(`default(data.extra.score, 0)`, 7)
	check(`default([], [1])`, []any{1})
	check(`default(meeting.meetingStart, now())`, time.Date(2026, 3, 10, 15, 0, 0, 0, time.UTC))
	check(`"Budget?" | answer()`, "10k")
	check(`any(meeting.meetingInfo.formValues, .answerText startsWith "51")`, true)
	check(`let d = domain(meeting.meetingOwner.username); d == vars.home`, true)
	check(`data.extra?.tags[0] ?? "none"`, "a")
	check(`first(data.nope)?.name ?? "none"`, "none")
	check(`json({"a": nil, "b": "<"})`, `{"a":null,"b":"<"}`)
	check(`"x" in vars`, false)
}

func TestChanged(t *testing.T) {
	t.Parallel()
	ev := decodeEvent(t, `{"eventId":"e","eventType":"organization.setting.changed","eventTimestamp":"2026-03-01T10:00:00Z",
		"data":{"previous":{"value":"on","deep":{"x":1}},"current":{"value":"off","deep":{"x":1}},"setting":{"module":"m","name":"n"},"modifiedBy":{"username":"u"}}}`)
	check := func(expr string, want bool) {
		t.Helper()
		set := load(t, "rules: [{name: r, event: organization.*, when: '"+expr+"', actions: [{note: {text: x}}]}]")
		if got := len(set.Match(ev)) == 1; got != want {
			t.Errorf("%s = %t, want %t", expr, got, want)
		}
	}
	check(`changed("value")`, true)
	check(`changed("deep.x")`, false)
	check(`changed("allowUserOverride")`, false)
	check(`change.setting.name == "n" and change.current.value == "off"`, true)
}
