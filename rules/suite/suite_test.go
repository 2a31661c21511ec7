package suite_test

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

func TestSuiteReadsEverything(t *testing.T) {
	t.Parallel()
	s, findings := suite.Load(text.Source{Name: "a_test.yaml", Content: []byte(`
env: { PORT: 587 }
events: { booked: { event: scheduling.smartscheduler.scheduled, set: { meeting.id: m-9 } } }
tests:
  - name: one
    now: 2026-01-05T09:00:00+01:00
    replies: { find: [ { fail: rate_limited, retry_after: 30s }, { status: 200 } ] }
    steps:
      - { from: booked, set: { meeting.isCanceled: true }, expect: { waiting: { r: 3h }, runs: { r: [waiting, failed] } } }
      - { after: 1d, body: { eventType: x, data: { n: [1, 2] } }, times: 3, every: 1m }
`)})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	c := s.Cases[0]
	first, second := c.Steps[0], c.Steps[1]
	switch {
	case s.Env["PORT"] != "587", !c.Now.Equal(time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)):
		t.Errorf("head: %+v, now %s", s.Env, c.Now)
	case len(first.Event.Set) != 2, first.Event.Type != event.TypeScheduled, first.Event.Set[1].Value != "true":
		t.Errorf("event from a base: %+v", first.Event)
	case first.Expect.Waiting[0].When(c.Now) != c.Now.Add(3*time.Hour), len(first.Expect.Runs["r"].Statuses) != 2:
		t.Errorf("expectation: %+v", first.Expect)
	case second.After != 24*time.Hour, second.Event.Times != 3, string(second.Event.Body) != `{"data":{"n":[1,2]},"eventType":"x"}`:
		t.Errorf("step: %+v %s", second, second.Event.Body)
	case c.Replies[0].Answers[0].Fail != event.CauseRateLimited, string(c.Replies[0].Answers[1].Result) != `{"status":200}`:
		t.Errorf("replies: %+v", c.Replies[0])
	}
}

func TestSuiteNames(t *testing.T) {
	t.Parallel()
	check := func(name string, want bool) {
		t.Helper()
		if got := suite.IsSuite(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
	check("rules_test.yaml", true)
	check("a/rules_test.yml", true)
	check("rules.yaml", false)
	check("_test.yaml", false)
	check("a/_test.yaml", false)
}

func FuzzLoadSuite(f *testing.F) {
	for _, seed := range []string{
		"", "tests: []", "tests: [ { name: a, event: x, expect: { runs: { r: done } } } ]", "tests: { a: *b }", "events: { a: { from: a } }\ntests: [1]",
		"tests: [ { name: a, steps: [ { at: x, body: { a: \"${{ b }}\" } } ] } ]", "now: []\nenv: [x]\nrules: { a: b }",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s, findings := suite.Load(text.Source{Name: "a_test.yaml", Content: content})
		if (s == nil) != findings.HasErrors() {
			t.Errorf("suite %v with findings %v", s, findings)
		}
	})
}
