package suite_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestDraft: a drafted test is a file that people can read and that says what
// the draft says.
func TestDraft(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("", 3600))
	d := suite.DraftCase{
		Name: "true", Now: at, Body: json.RawMessage(`{"eventType":"x","data":{"n":1.50,"list":[{"a":"1"}],"odd key":null,"empty":{},"none":[]}}`),
		Replies: map[string]json.RawMessage{"r/find": json.RawMessage(`{"status":200}`), "r/create": json.RawMessage(`{"body":[1]}`)},
		Runs:    map[string]event.Status{"r": event.StatusWaiting, "a": event.StatusSucceeded},
		Waiting: map[string]time.Time{"r": at.Add(time.Hour), "b": at},
	}
	got, err := d.YAML()
	if err != nil {
		t.Fatal(err)
	}
	want := `tests:
  - name: "true"
    now: 2026-03-02T09:00:00Z
    body:
      eventType: "x"
      data:
        n: 1.50
        list:
          - a: "1"
        "odd key": null
        empty: {}
        none: []
    replies:
      r/create:
        body:
          - 1
      r/find:
        status: 200
    expect:
      runs: {a: succeeded, r: waiting}
      waiting:
        b: 2026-03-02T09:00:00Z
        r: 2026-03-02T10:00:00Z
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("draft (-want +got):\n%s", diff)
	}
	s, f := suite.Load(text.Source{Name: "t", Content: got})
	if s == nil || s.Cases[0].Name != "true" || !s.Cases[0].Now.Equal(at) || len(s.Cases[0].Steps[0].Replies) != 2 || len(s.Cases[0].Steps[0].Expect.Waiting) != 2 {
		t.Errorf("read again: %+v, %s", s, f.Error())
	}
	d.Replies, d.Waiting, d.Runs = nil, nil, nil
	if got, err = d.YAML(); err != nil || strings.Contains(string(got), "replies") || strings.Contains(string(got), "waiting") || !strings.HasSuffix(string(got), "      runs: {}\n") {
		t.Errorf("with little in it: %v\n%s", err, got)
	}
	for _, bad := range []suite.DraftCase{
		{Body: json.RawMessage("")}, {Body: json.RawMessage("{")}, {Body: json.RawMessage("{}"), Replies: map[string]json.RawMessage{"a": json.RawMessage("[")}},
	} {
		if got, err := bad.YAML(); err == nil || !strings.HasPrefix(err.Error(), "write JSON as YAML: ") {
			t.Errorf("%s: %v", got, err)
		}
	}
}

// TestMoments: a time stands for itself, a length of time counts from now.
func TestMoments(t *testing.T) {
	t.Parallel()
	now, then := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	if got := (suite.ExpectedMoment{In: time.Hour}).When(now); !got.Equal(now.Add(time.Hour)) {
		t.Errorf("an hour from now is %s", got)
	}
	if got := (suite.ExpectedMoment{At: then, In: time.Hour}).When(now); !got.Equal(then) {
		t.Errorf("a time is %s", got)
	}
}

// TestSuiteDefaults: what a file does not say.
func TestSuiteDefaults(t *testing.T) {
	t.Parallel()
	s, f := suite.Load(text.Source{Name: "t", Content: []byte(`
rules: [a.yaml, b.yaml]
events: { base: { event: scheduling.smartscheduler.scheduled, set: { meeting.id: m, x: [1] }, times: 4, every: 1m, id: e } }
tests:
  - { name: one, from: base, expect: { sent: [ { rule: r, action: a, kind: k, is: { n: 1 }, like: [x], contains: c, lacks: [d, e] } ], not_sent: { rule: q }, not_matched: [n], dropped: d, moved: { r: 2h } } }
  - { name: two, now: 2026-05-01T00:00:00Z, only: [p, q], at: 2026-05-02T00:00:00Z, event: x, meeting: m, id: i, expect: { runs: { r: failed } } }
  - { name: three, file: x.json, replies: { a: { fail: timeout, message: slow, retry_after: 5s } }, expect: { runs: {} } }
`)})
	if s == nil {
		t.Fatal(f.Error())
	}
	if diff := cmp.Diff([]string{"a.yaml", "b.yaml"}, s.Rules); diff != "" || s.File != "t" || s.Env == nil || len(s.Cases) != 3 {
		t.Errorf("the suite: %+v\n%s", s, diff)
	}
	one, two, three := s.Cases[0], s.Cases[1], s.Cases[2]
	if monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC); !one.Now.Equal(monday) || two.Now.Month() != time.May || one.Only != nil || len(two.Only) != 2 || two.Only[1].Name != "q" {
		t.Errorf("clocks %s and %s, only %v and %v", one.Now, two.Now, one.Only, two.Only)
	}
	ev := one.Steps[0].Event
	if ev.Times != 4 || ev.Every != time.Minute || ev.ID != "e" || len(ev.Set) != 2 || ev.Set[0].Value != "m" || ev.Set[1].Value != "[1]" || ev.Pos.Line != 5 {
		t.Errorf("an event from a base: %+v", ev)
	}
	x := one.Steps[0].Expect
	m := x.Sent[0]
	if m.Rule != "r" || m.Action != "a" || m.Kind != "k" || !cmp.Equal(m.Contains, []string{"c"}) || !cmp.Equal(m.Lacks, []string{"d", "e"}) || m.Like == nil || m.Is == nil {
		t.Errorf("a message: %+v", m)
	}
	if x.NotSent[0].Rule != "q" || x.NotMatched[0].Name != "n" || x.Dropped[0].Name != "d" || x.Moved[0].In != 2*time.Hour || x.Runs != nil || x.Waiting != nil {
		t.Errorf("an expectation: %+v", x)
	}
	step := two.Steps[0]
	if step.At.Day() != 2 || step.Event.Type != "x" || step.Event.Meeting != "m" || step.Event.ID != "i" || step.Event.Times != 1 || step.Expect.Runs["r"].Statuses[0] != event.StatusFailed {
		t.Errorf("a step: %+v, %+v", step, step.Event)
	}
	a := three.Steps[0].Replies[0].Answers[0]
	if three.Steps[0].Event.File != "x.json" || three.Steps[0].Event.FilePos.Line != 7 || a.Fail != event.CauseTimeout || a.Message != "slow" || a.RetryAfter != 5*time.Second || a.Result != nil {
		t.Errorf("a file and a reply: %+v, %+v", three.Steps[0].Event, a)
	}
	if got := s.Finding(text.Position{File: "t", Line: 2, Column: 1}, "m", "h"); got.Source != "rules: [a.yaml, b.yaml]" || got.Severity != text.SeverityError {
		t.Errorf("a finding: %+v", got)
	}
}
