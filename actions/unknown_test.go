package actions_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

const chain = `
connections:
  slack: { token: xoxb-123456 }
  email: { host: smtp.acme.example, from: hi@acme.example }
  crm: { kind: http, base_url: "https://crm.example/api" }
rules:
  - name: chain
    event: scheduling.*
    actions:
      - { id: find, http: { connection: crm, url: /find } }
      - http: { connection: crm, url: "/c/${{ actions.find.body.id }}", query: { a: "${{ actions.find.body.a }}" } }
      - email: { to: "${{ actions.find.body.email }}", subject: "Hello ${{ actions.find.body.name }}", text: Bye }
      - slack:
          channel: "${{ actions.find.body.channel }}"
          text: "see ${{ actions.find.body.name }}"
          blocks: [{ type: image, image_url: "${{ actions.find.body.picture }}", alt_text: picture }]
      - slack: { channel: "#a", blocks: "${{ actions.find.body.blocks }}" }
      - log: { message: "id ${{ actions.find.body.id }}" }
`

// TestPreviewOfAChain prepares actions whose input is the result of an earlier
// one that has not run.
func TestPreviewOfAChain(t *testing.T) {
	t.Parallel()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(chain)}}, rules.Options{Kinds: actions.Kinds(actions.Deps{})})
	if set == nil {
		t.Fatal(findings.Error())
	}
	scope := set.Scope(set.Rules[0], actionstest.Event(t), language.ScopeOptions{Now: time.Unix(0, 0), Preview: true})
	for _, step := range set.Rules[0].Actions[1:] {
		effect, err := step.Action.Prepare(scope)
		if err != nil {
			t.Errorf("%s: %v", step.ID, err)
			continue
		}
		raw, err := json.Marshal(effect)
		if err != nil || !strings.Contains(string(raw), "⟨actions.find.body.") {
			t.Errorf("%s: preview is %s (%v)", step.ID, raw, err)
		}
	}
}
