package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

func verdictNames(verdicts []rules.Verdict) []string {
	out := []string{}
	for _, v := range verdicts {
		name := v.Rule.Name
		if v.Err != nil {
			name += "!"
		}
		out = append(out, name)
	}
	return out
}

func TestMatch(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - { name: all, event: "*", actions: [ { note: { text: x } } ] }
  - { name: exact, event: scheduling.smartscheduler.scheduled, actions: [ { note: { text: x } } ] }
  - { name: prefix, event: [ "scheduling.*", scheduling.smartscheduler.scheduled ], actions: [ { note: { text: x } } ] }
  - { name: middle, event: "sched*.scheduled", actions: [ { note: { text: x } } ] }
  - { name: other, event: scheduling.smartscheduler.canceled, actions: [ { note: { text: x } } ] }
  - { name: new-type, event: scheduling.smartscheduler.noshow, actions: [ { note: { text: x } } ] }
  - { name: off, event: "*", enabled: false, actions: [ { note: { text: x } } ] }
  - { name: true-when, event: "*", when: domain(meeting.meetingInfo.primaryInvitee) == "buyer.example", actions: [ { note: { text: x } } ] }
  - { name: false-when, event: "*", when: meeting.isCanceled, actions: [ { note: { text: x } } ] }
  - { name: data-when, event: "*", when: data.extra.score > 5, actions: [ { note: { text: x } } ] }
  - { name: broken-when, event: "*", when: int(meeting.id) > 5, actions: [ { note: { text: x } } ] }
  - { name: clock-when, event: "*", when: now() < meeting.meetingStart, actions: [ { note: { text: x } } ] }
`)
	got := verdictNames(set.Match(sampleEvent(t)))
	want := []string{"all", "exact", "prefix", "middle", "true-when", "data-when", "broken-when!", "clock-when"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scheduled (-want +got):\n%s", diff)
	}
	// Again, because scopes are used again.
	if diff := cmp.Diff(want, verdictNames(set.Match(sampleEvent(t)))); diff != "" {
		t.Errorf("second time (-want +got):\n%s", diff)
	}
	novel := decodeEvent(t, `{"eventId":"e","eventType":"scheduling.smartscheduler.noshow","eventTimestamp":"2026-03-01T10:00:00Z","data":{"extra":{"score":1}}}`)
	if diff := cmp.Diff([]string{"all", "prefix", "new-type"}, verdictNames(set.Match(novel))); diff != "" {
		t.Errorf("undocumented type (-want +got):\n%s", diff)
	}
	unheard := decodeEvent(t, `{"eventId":"e","eventType":"x.y","eventTimestamp":"2026-03-01T10:00:00Z","data":[1]}`)
	if diff := cmp.Diff([]string{"all", "data-when!"}, verdictNames(set.Match(unheard))); diff != "" {
		t.Errorf("unheard-of type (-want +got):\n%s", diff)
	}
}

func TestMatchTellsErrorFromFalse(t *testing.T) {
	t.Parallel()
	set := load(t, "rules:\n  - name: r\n    event: '*'\n    when: data.extra.tags\n    actions: [ { note: { text: x } } ]\n")
	v := set.Match(sampleEvent(t))
	if len(v) != 1 || v[0].Matched || v[0].Err == nil {
		t.Fatalf("verdicts = %+v", v)
	}
	want := `rules.yaml:4:11: "data.extra.tags": expected true or false, but this is a list`
	if got := v[0].Err.Error(); got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

func TestRuleAndStepDefaults(t *testing.T) {
	t.Parallel()
	set := load(t, `
connections:
  chat: { token: a, rate: 30/m, max_in_flight: 4, burst: 2 }
  alerts: { kind: chat, token: b, rate: 2.5 }
x-retry: &retry { max: 3, initial: 1m }
rules:
  - name: plain
    event: "*"
    mode: shadow
    late: run
    actions:
      - chat: { channel: "#a", text: hi }
      - chat: { connection: alerts, channel: "#a", text: hi }
      - note: { url: "https://API.example/x" }
      - { id: last, timeout: 1m30s, retry: *retry, on_error: continue, on_unknown: stop, note: { url: "https://api.example/y" } }
      - { retry: false, note: }
`)
	r := set.Rule("plain")
	if r == nil || !r.Shadow || r.Late != rules.LateRun || r.Disabled {
		t.Fatalf("rule = %+v", r)
	}
	if diff := cmp.Diff([]string{"chat", "alerts", "host:api.example"}, r.Lanes); diff != "" {
		t.Errorf("lanes (-want +got):\n%s", diff)
	}
	type step struct {
		ID, Kind, Connection string
		Timeout              time.Duration
		Retry                rules.Retry
		Continue, Stop       bool
	}
	var got []step
	for _, s := range r.Actions {
		got = append(got, step{s.ID, s.Kind, s.Connection, s.Timeout, s.Retry, s.ContinueOnError, s.StopOnUnknown})
	}
	d := rules.DefaultRetry()
	want := []step{
		{"chat#1", "chat", "chat", 0, d, false, false},
		{"chat#2", "chat", "alerts", 0, d, false, false},
		{"note#3", "note", "", 7 * time.Second, d, false, false},
		{"last", "note", "", 90 * time.Second, rules.Retry{Max: 3, Initial: time.Minute, Longest: time.Hour}, true, true},
		{"note#5", "note", "", 7 * time.Second, rules.Retry{Max: 1, Initial: d.Initial, Longest: d.Longest}, false, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if got, want := set.Connections["chat"].Limits, (rules.Limits{MaxInFlight: 4, Rate: 0.5, Burst: 2}); got != want {
		t.Errorf("limits = %+v, want %+v", got, want)
	}
	if got := set.Connections["alerts"].Limits.Rate; got != 2.5 {
		t.Errorf("rate = %v", got)
	}
	n := r.Actions[2].Action.(*note)
	if n.Count != 3 || n.Level != "low" || n.Pause != units.Duration(5*time.Second) || n.Soft != nil {
		t.Errorf("defaults = %+v", n.noteParams)
	}
}

func TestSeveralFilesMerge(t *testing.T) {
	t.Parallel()
	one := text.Source{Name: "a.yaml", Content: []byte("connections: { chat: { token: \"${{ vars.token }}\" } }\nrules: [ { name: r1, event: '*', actions: [ { note: { text: \"${{ vars.x }}\" } } ] } ]\n")}
	two := text.Source{Name: "b.yaml", Content: []byte("vars: { x: 1, token: abc }\nrules: [ { name: r2, event: '*', actions: [ { chat: { channel: a, text: b } } ] } ]\n")}
	o := rules.Options{Kinds: kinds(), Env: env()}
	set, f := rules.Load([]text.Source{one, two}, o)
	if f.HasErrors() {
		t.Fatal(printed(f))
	}
	if got := []string{set.Rules[0].Name, set.Rules[1].Name}; !cmp.Equal(got, []string{"r1", "r2"}) {
		t.Errorf("rules = %v", got)
	}
	again, _ := rules.Load([]text.Source{one, two}, o)
	renamed := text.Source{Name: "c.yaml", Content: two.Content}
	other, _ := rules.Load([]text.Source{one, renamed}, o)
	if set.Revision != again.Revision || set.Revision == other.Revision || len(set.Revision) != 32 {
		t.Errorf("revisions %q %q %q", set.Revision, again.Revision, other.Revision)
	}
	_, f = rules.Load([]text.Source{one, two, {Name: "d.yaml", Content: two.Content}}, o)
	for _, want := range []string{`d.yaml:1:9: var "x" is defined twice; the first is at b.yaml:1:9`, `d.yaml:2:18: rule "r2": another rule has this name, at b.yaml:2:18`} {
		if !strings.Contains(f.Error(), want) {
			t.Errorf("findings lack %q:\n%s", want, f.Error())
		}
	}
	// What a broken file may define is not called missing in the others.
	_, f = rules.Load([]text.Source{one, {Name: "b.yaml", Content: []byte("vars: {")}}, o)
	if len(f) != 1 || f[0].Pos.File != "b.yaml" {
		t.Errorf("findings with a broken file:\n%s", printed(f))
	}
}

func TestEnvIsOnlyWhatIsAllowed(t *testing.T) {
	t.Parallel()
	f := findings(noteRule(`text: "${{ env.HOME }}"`))
	if len(f) != 1 || !strings.Contains(f[0].Hint, "set the environment variable HOME, or allow it with --env-allow") {
		t.Errorf("findings:\n%s", printed(f))
	}
}

func BenchmarkScopeAndRender(b *testing.B) {
	set := load(b, noteRule(`text: "Hi ${{ meeting.meetingInfo.primaryInviteeName }}, ${{ format(meeting.meetingStart, \"long\", \"Europe/Berlin\") }}"`))
	ev := sampleEvent(b)
	b.ReportAllocs()
	for b.Loop() {
		scope := set.Scope(set.Rules[0], ev, language.ScopeOptions{Now: clock})
		if _, err := set.Rules[0].Actions[0].Action.Prepare(scope); err != nil {
			b.Fatal(err)
		}
	}
}

func TestMatchOwnEvents(t *testing.T) {
	t.Parallel()
	set := load(t, `
ignore: "true"
rules:
  - { name: all, event: "*", actions: [ { note: { text: x } } ] }
  - { name: wide, event: "g*", actions: [ { note: { text: x } } ] }
  - { name: own, event: "gavel.*", actions: [ { note: { text: x } } ] }
  - { name: exact, event: gavel.run.failed, when: gavel.cause == "timeout", actions: [ { note: { text: x } } ] }
  - { name: by-data, event: "gavel.run.*", when: data.cause == "timeout" && gavel.count == 2, actions: [ { note: { text: x } } ] }
`)
	failed := func(data string) []string {
		return verdictNames(set.Match(decodeEvent(t, `{"eventId":"e","eventType":"gavel.run.failed","eventTimestamp":"2026-03-01T10:00:00Z","data":`+data+`}`)))
	}
	if diff := cmp.Diff([]string{"own", "exact", "by-data"}, failed(`{"cause":"timeout","count":2}`)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"own"}, failed(`{"cause":"auth","count":"many"}`)); diff != "" {
		t.Errorf("another cause, and a fact that is damaged, -want +got:\n%s", diff)
	}
	if set.Wants("scheduling.smartscheduler.scheduled") != true || !set.Wants(own.TypeRunFailed) || !set.Wants(own.TypeSchemaDrift) || set.Wants(own.TypeAbsence) {
		t.Error("Wants differs from what matches")
	}
	// An event for one rule alone: no pattern matches it.
	due := decodeEvent(t, `{"eventId":"e","eventType":"gavel.schedule.due","eventTimestamp":"2026-03-01T10:00:00Z","data":{"rule":"all"}}`)
	if got := set.Match(due); len(got) > 0 {
		t.Errorf("%s match the event of a schedule", verdictNames(got))
	}
}
