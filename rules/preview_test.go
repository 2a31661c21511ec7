package rules_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules/language"
)

const chain = `
rules:
  - name: chain
    event: "*"
    actions:
      - id: find
        note: { text: look }
      - when: actions.find.body.count == 0
        note:
          text: "id ${{ actions.find.id }} ${{ actions.find.body.items[0].name }}"
          url: "/c/${{ actions.find.id }}"
          html: "<p>${{ actions.find.id }}</p>"
          header: "${{ actions.find.id }}"
          json: { id: "${{ actions.find.id }}", n: 1 }
`

func TestPreviewShowsWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	set := load(t, chain)
	r := set.Rules[0]
	scope := set.Scope(r, sampleEvent(t), language.ScopeOptions{Now: clock, Preview: true})
	effect, err := r.Actions[1].Action.Prepare(scope)
	if err != nil {
		t.Fatal(err)
	}
	want := &rendered{
		Text: "id ⟨actions.find.id⟩ ⟨actions.find.body.items[0].name⟩", URL: "/c/⟨actions.find.id⟩",
		HTML: "<p>⟨actions.find.id⟩</p>", Header: "⟨actions.find.id⟩",
		JSON: map[string]any{"id": "⟨actions.find.id⟩", "n": 1},
	}
	if diff := cmp.Diff(want, effect.(*rendered)); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	_, err = r.Actions[1].When.Eval(scope)
	var unknown *language.UnknownError
	if !errors.As(err, &unknown) || unknown.Action != "find" {
		t.Errorf("condition in a preview: %v", err)
	}
}

func TestResultsOfEarlierActions(t *testing.T) {
	t.Parallel()
	set := load(t, chain)
	r := set.Rules[0]
	body := map[string]any{"count": 0.0, "items": []any{map[string]any{"name": "x"}}}
	scope := set.Scope(r, sampleEvent(t), language.ScopeOptions{Now: clock, Results: map[string]any{"find": &noteResult{ID: "7", Body: body}}})
	if ok, err := r.Actions[1].When.Eval(scope); !ok || err != nil {
		t.Errorf("when = %t, %v", ok, err)
	}
	effect, err := r.Actions[1].Action.Prepare(scope)
	if err != nil {
		t.Fatal(err)
	}
	if got := effect.(*rendered).Text; got != "id [7] [x]" {
		t.Errorf("text = %q", got)
	}
	// A result that is missing, because its action was skipped, is a zero one.
	scope = set.Scope(r, sampleEvent(t), language.ScopeOptions{Now: clock})
	if ok, err := r.Actions[1].When.Eval(scope); ok || err != nil {
		t.Errorf("when without a result = %t, %v", ok, err)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	set := load(t, `
connections:
  chat: { token: "${{ env.CHAT_TOKEN }}", port: "${{ env.PORT }}", host: "chat.${{ vars.home }}", headers: { A: "b ${{ env.HOME_DOMAIN }}" } }
vars: { home: acme.example }
rules:
  - name: r
    event: "*"
    actions: [ { chat: { channel: "#a", text: hi } } ]
`)
	c := set.Connections["chat"].Client.(*chatConnection)
	if c.Token.Reveal() != "xoxb-secret-token" || c.Port != 587 || c.Host != "chat.acme.example" || c.Headers["A"] != "b acme.example" {
		t.Errorf("connection = %q %d %q %v", c.Token.Reveal(), c.Port, c.Host, c.Headers)
	}
	shown, err := json.Marshal(c)
	if err != nil || strings.Contains(string(shown), "xoxb") {
		t.Errorf("as JSON: %s, %v", shown, err)
	}
	if got := set.Redact("posting with xoxb-secret-token failed"); got != "posting with [redacted] failed" {
		t.Errorf("redacted: %q", got)
	}
	if got := set.Redact("Authorization: b acme.example"); got != "Authorization: b [redacted]" {
		t.Errorf("redacted header: %q", got)
	}
	if got := set.Rules[0].Actions[0].Action.(*note).conn; got != any(c) {
		t.Errorf("the action got connection %v", got)
	}
}
