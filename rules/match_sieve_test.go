package rules_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

// writer makes conditions and events up. What it makes of one seed is always
// the same.
type writer struct{ *rand.Rand }

func (w writer) one(list ...string) string { return list[w.IntN(len(list))] }

func (w writer) literal() string {
	return w.one(`""`, `"a"`, `"b"`, `"ab"`, `"x@acme.example"`, `"@acme.example"`, `"A"`, `"é"`, "vars.home", `"@" + vars.home`, "env.HOME_DOMAIN", "vars.deep.word", "vars.none")
}

// known are fields of type text, open those that can be anything.
func (w writer) known() string {
	return w.one("meeting.id", "meeting.meetingOwner.username", "meeting.meetingInfo.location", "event.eventType", "event.organizationGuid",
		"change.setting.name", "change.modifiedBy.username", "test.username")
}

func (w writer) open() string {
	return w.one("data.id", "data.extra", "data.extra.word", `data["extra"]["word"]`, "data.extra.word.deep", "change.current.value", "change.current.value.deep", "change.setting.default", "data.isCanceled", "data.none")
}

func (w writer) field() string {
	if w.IntN(2) == 0 {
		return w.known()
	}
	return w.open()
}

func (w writer) comparison() string {
	switch w.IntN(14) {
	case 0, 1, 2:
		return w.field() + w.one(" == ", " == ", " != ") + w.literal()
	case 3:
		return w.literal() + w.one(" == ", " != ") + w.field()
	case 4, 5, 6:
		return w.field() + w.one(" contains ", " startsWith ", " endsWith ") + w.literal()
	case 7:
		return w.field() + w.one(" in ", " not in ") + w.one(`["a", "b"]`, `["", "ab"]`, `["a"]`, "vars.list", "vars.mixed", `[]`)
	case 8:
		return w.one("meeting.isCanceled", "meeting.isCanceled == true", "meeting.isCanceled == false", "data.isCanceled == true", "data.extra.word == false", "data.isCanceled")
	case 9:
		return w.one("has(", "not has(") + w.field() + ")"
	case 10:
		return w.field() + w.one(" == nil", " != nil")
	case 11:
		return w.one(`domain(meeting.id) == "acme.example"`, `lower(meeting.id) == "a"`, `answer("Company size") == "a"`, `meeting?.id == "a"`, `"a" contains meeting.id`, `(meeting.id ?? "x") == "x"`)
	case 12: // what fails for some events
		return w.one("int(data.extra.word) > 1", "meeting.meetingStart > now()", "data.extra.word > 3", "event.deliveryAttempt > 0", "data.extra.word.deep.er == 1", "data.id + 1 == 2")
	}
	return w.one("true", "false", "1 == 1")
}

func (w writer) condition(depth int) string {
	if depth == 0 || w.IntN(4) == 0 {
		return w.comparison()
	}
	switch w.IntN(6) {
	case 0, 1, 2:
		return w.condition(depth-1) + w.one(" and ", " && ") + w.condition(depth-1)
	case 3:
		return "(" + w.condition(depth-1) + w.one(" or ", " || ") + w.condition(depth-1) + ")"
	case 4:
		return "not (" + w.condition(depth-1) + ")"
	}
	return w.comparison() + " and " + w.comparison()
}

func (w writer) rule(i int) string {
	return fmt.Sprintf("  - { name: r-%d, event: %s, mode: %s, enabled: %t, when: %s, actions: [ { note: { text: x } } ] }\n", i,
		w.one(event.TypeScheduled, event.TypeCanceled, event.TypeSettingChanged, `"*"`, `"scheduling.*"`, "["+event.TypeScheduled+`, "*"]`, "x.y"),
		w.one("live", "live", "shadow"), w.IntN(10) > 0, quoted(w.condition(3)))
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// any is a value out of JSON.
func (w writer) any() any {
	switch w.IntN(8) {
	case 0:
		return nil
	case 1:
		return w.IntN(6)
	case 2:
		return w.IntN(2) == 0
	case 3:
		return []any{"a"}
	case 4:
		return map[string]any{"deep": w.word(), "word": w.word()}
	}
	return w.word()
}

func (w writer) word() string {
	return w.one("", "a", "b", "ab", "x@acme.example", "y@acme.example", "acme.example", "A", "é", "5")
}

func (w writer) event(i int) []byte {
	out := map[string]any{
		"organizationGuid": "org", "eventId": fmt.Sprint("e-", i), "eventTimestamp": "2026-03-01T10:00:00Z",
		"eventType": w.one(event.TypeScheduled, event.TypeCanceled, event.TypeSettingChanged, "x.y", "unheard.of", "scheduling.other", event.TypeWebhookTest),
	}
	if w.IntN(2) == 0 {
		out["deliveryAttempt"] = 1
	}
	data := map[string]any{}
	put := func(m map[string]any, name string, value any) {
		if w.IntN(3) > 0 {
			m[name] = value
		}
	}
	owner, info, setting, change := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	put(data, "id", w.word())
	put(data, "isCanceled", w.any())
	put(data, "extra", w.any())
	put(data, "extra", map[string]any{"word": w.any()})
	put(data, "meetingStart", "2026-03-10T15:00:00Z")
	put(owner, "username", w.word())
	put(info, "location", w.word())
	put(setting, "name", w.word())
	put(setting, "default", w.any())
	put(change, "value", w.any())
	put(data, "meetingOwner", owner)
	put(data, "meetingInfo", info)
	put(data, "setting", setting)
	put(data, "current", change)
	put(data, "username", w.word())
	out["data"] = data
	switch w.IntN(12) {
	case 0:
		out["data"] = []any{1}
	case 1:
		out["data"] = nil
	}
	body, _ := json.Marshal(out)
	return body
}

const sieveVars = `vars: { home: acme.example, deep: { word: ab }, none: "", list: [ a, x@acme.example ], mixed: [ a, 5 ] }
`

// soundRules makes rules up until n of them load.
func soundRules(t testing.TB, w writer, n int) *rules.Set {
	t.Helper()
	var b strings.Builder
	for i := 0; i < n; {
		rule := w.rule(i)
		if !findings(sieveVars + "rules:\n" + rule).HasErrors() {
			b.WriteString(rule)
			i++
		}
	}
	return load(t, sieveVars+"rules:\n"+b.String())
}

func said(v rules.Verdict) string {
	if v.Err != nil {
		return v.Rule.Name + ": " + v.Err.Error()
	}
	return fmt.Sprint(v.Rule.Name, ": ", v.Matched)
}

// matchesAsEach compares what matches an event with the result of evaluating
// each condition, and counts the rules that match and those that fail.
func matchesAsEach(set *rules.Set, ev *event.Event) (diff string, matched, failed int) {
	got := []string{}
	for _, v := range set.Match(ev) {
		got = append(got, said(v))
		if v.Err != nil {
			failed++
		} else {
			matched++
		}
	}
	return cmp.Diff(eachCondition(set, ev), got), matched, failed
}

// eachCondition is what Match must say: every condition of its type, run.
func eachCondition(set *rules.Set, ev *event.Event) []string {
	scope := language.MatchScope(nil, ev, language.Constants{Vars: set.Vars, Env: map[string]any{"HOME_DOMAIN": "acme.example"}})
	scope.AddData()
	out := []string{}
	for _, r := range set.Rules {
		if r.Disabled || !r.MatchesType(ev.Type) {
			continue
		}
		if matched, err := r.When.Eval(scope); matched || err != nil {
			out = append(out, said(rules.Verdict{Rule: r, Matched: matched, Err: err}))
		}
	}
	return out
}

// TestMatchSaysWhatConditionsSay compares the index with running every
// condition, over made-up rules and events.
func TestMatchSaysWhatConditionsSay(t *testing.T) {
	t.Parallel()
	matched, failed := 0, 0
	for seed := range uint64(12) {
		w := writer{rand.New(rand.NewPCG(seed, 1))}
		set := soundRules(t, w, 60)
		for i := range 150 {
			body := w.event(i)
			ev := decodeEvent(t, string(body))
			diff, m, f := matchesAsEach(set, ev)
			matched, failed = matched+m, failed+f
			if diff != "" {
				for _, r := range set.Rules {
					if strings.Contains(diff, r.Name+":") {
						t.Logf("%s: %s", r.Name, r.When.Source)
					}
				}
				t.Fatalf("seed %d, event %s (-want +got):\n%s", seed, body, diff)
			}
		}
	}
	if matched < 1000 || failed < 100 {
		t.Errorf("only %d matches and %d failures were compared", matched, failed)
	}
}

// FuzzMatch looks for a condition that the index understands otherwise.
func FuzzMatch(f *testing.F) {
	f.Add(`meeting.id == "a" and data.extra.word contains "b"`, `{"id":"a","extra":{"word":"abc"}}`)
	f.Add(`not (data.extra in ["a", ""])`, `{"extra":null}`)
	f.Fuzz(func(t *testing.T, when, data string) {
		if !json.Valid([]byte(data)) {
			t.Skip()
		}
		content, _ := json.Marshal(map[string]any{"vars": map[string]any{"home": "acme.example"}, "rules": []any{map[string]any{
			"name": "r", "event": "*", "when": when, "actions": []any{map[string]any{"note": map[string]any{"text": "x"}}},
		}}})
		set, found := rules.Load([]text.Source{{Name: "rules.yaml", Content: content}}, rules.Options{Kinds: kinds(), Env: env()})
		if found.HasErrors() {
			t.Skip()
		}
		ev := decodeEvent(t, `{"eventId":"e","eventType":"x.y","eventTimestamp":"2026-03-01T10:00:00Z","data":`+data+`}`)
		got := []string{}
		for _, v := range set.Match(ev) {
			got = append(got, said(v))
		}
		if diff := cmp.Diff(eachCondition(set, ev), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	})
}
