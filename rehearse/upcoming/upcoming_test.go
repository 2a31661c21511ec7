package upcoming_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rehearse/upcoming"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// say is an action that says a text.
type say struct {
	Text values.Text `yaml:"text"`
}

type said struct {
	Number int `json:"number" expr:"number"`
}

func (s *say) Build(any) (params.Action, error) { return s, nil }

func (s *say) Prepare(scope *language.Scope) (params.Effect, error) {
	out, err := s.Text.Render(scope, nil)
	return spoken{out}, err
}

type spoken struct {
	Text string `json:"text"`
}

func (spoken) Do(context.Context, params.Delivery) (any, error) { return nil, nil }

// source has one event, of no meeting that is known.
type source struct{ upcoming.Source }

func (source) Event(context.Context, string) (*event.Record, error) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	body, err := sample.Body(event.TypeScheduled, "e", now)
	if err != nil {
		return nil, err
	}
	ev, err := decode.Event(body)
	return &event.Record{Event: ev}, err
}

// TestChain: what a chain would send, from its beginning and from the middle.
func TestChain(t *testing.T) {
	t.Parallel()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(`
chains:
  tell:
    inputs: { who: text }
    steps:
      - id: ask
        say: { text: "ask ${{ inputs.who }}" }
      - say: { text: "told ${{ inputs.who }} ${{ actions.ask.number }}" }
    outputs: { who: "${{ inputs.who }}" }
rules:
  - name: r
    event: "*"
    actions:
      - id: ask
        say: { text: own }
      - steps: [{ id: tell, chain: tell, with: { who: "new ${{ actions.ask.number }}" } }]
      - say: { text: last }
`)}}, rules.Options{Kinds: params.Kinds{Actions: []params.Kind{
		{Name: "say", New: func() params.Params { return &say{} }, Timeout: time.Minute, NewResult: func() any { return &said{} }},
	}}})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	check := func(next int, results map[string]string, want ...string) {
		t.Helper()
		run := &event.Run{ID: "run", Rule: "r", EventID: "e", Next: next, Results: map[string]json.RawMessage{}}
		for id, raw := range results {
			run.Results[id] = json.RawMessage(raw)
		}
		list, err := upcoming.Of(t.Context(), source{}, set, run)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range list {
			var sent spoken
			if m.Effect != nil {
				if err := json.Unmarshal(m.Effect, &sent); err != nil {
					t.Fatal(err)
				}
			}
			got = append(got, m.ActionID+": "+sent.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("from %d:\n%s", next, diff)
		}
	}
	check(1, map[string]string{"ask": `{"number":7}`},
		"tell.ask: ask new 7", "tell.say#5: told new 7 ⟨actions.ask.number⟩", "say#7: last")
	check(4, map[string]string{"ask": `{"number":7}`, "tell#inputs": `{"inputs":{"who":"old"}}`, "tell.ask": `{"number":8}`},
		"tell.say#5: told old 8", "say#7: last")
}
