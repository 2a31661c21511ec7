package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// tryOut asks the playground of a Gavel with one secret and one address in its
// environment.
func tryOut(t *testing.T, text string) ([]*explain.RuleExplanation, []api.Finding) {
	t.Helper()
	body, err := sample.Body(event.TypeCanceled, "ev", eventTime())
	if err != nil {
		t.Fatal(err)
	}
	d := &Desk{Rules: ruleset.Options{
		Environ: []string{"CRM_TOKEN=sesame-open", "CRM_URL=https://crm.acme.example/v2", "SMTP_PORT=2525"},
	}}
	trial, err := d.Try(t.Context(), api.TryRequest{Rules: text, Event: body})
	if err != nil {
		t.Fatal(err)
	}
	if trial.Explanation == nil {
		return nil, trial.Findings
	}
	return trial.Explanation.Rules, trial.Findings
}

func TestPlaygroundAnswers(t *testing.T) {
	t.Parallel()
	verdicts, findings := tryOut(t, `
connections:
  crm: { kind: http, base_url: "${{ env.CRM_URL }}", headers: { X-Token: "${{ env.CRM_TOKEN }}" } }
rules:
  - name: tell
    event: scheduling.*
    when: meeting.isCanceled and meeting.meetingInfo.meetingName != ""
    actions:
      - http: { connection: crm, method: POST, url: /notes, json: { name: "${{ meeting.meetingInfo.meetingName }}" } }
  - name: other
    event: developer.webhook.test
    actions: [{ log: { message: hello } }]
`)
	if len(findings) > 0 || len(verdicts) != 2 {
		t.Fatalf("findings %+v, verdicts %+v", findings, verdicts)
	}
	tell := verdicts[0]
	if tell.Verdict != "matched" || tell.When == nil || len(tell.When.Parts) == 0 || len(tell.Actions) != 1 {
		t.Errorf("the rule that matches: %+v", tell)
	}
	if !strings.Contains(string(tell.Actions[0].Effect), "Product introduction") {
		t.Errorf("it would send %s", tell.Actions[0].Effect)
	}
	if verdicts[1].Verdict != "other_type" {
		t.Errorf("the other rule: %+v", verdicts[1])
	}
}

func TestPlaygroundFindsMistakes(t *testing.T) {
	t.Parallel()
	verdicts, findings := tryOut(t, "rules:\n  - name: a\n    event: scheduling.*\n    when: meeting.meetingOwnr.username == \"\"\n    actions: [{ log: { message: x } }]\n")
	if len(verdicts) > 0 || len(findings) != 1 || findings[0].Line != 4 || !strings.Contains(findings[0].Hint, "meetingOwner") {
		t.Errorf("findings %+v, verdicts %+v", findings, verdicts)
	}
}

// TestPlaygroundKnowsNoSecret asks for one letter by letter.
func TestPlaygroundKnowsNoSecret(t *testing.T) {
	t.Parallel()
	verdicts, findings := tryOut(t, `
rules:
  - name: guess
    event: "*"
    when: env.CRM_TOKEN startsWith "sesame" or env.CRM_URL contains "acme"
    actions: [{ log: { message: "${{ env.CRM_TOKEN }}" } }]
`)
	for _, f := range findings {
		if f.Severity == string(text.SeverityError) {
			t.Fatalf("%+v", f)
		}
	}
	if len(verdicts) != 1 || verdicts[0].Verdict != "not_matched" {
		t.Errorf("a condition can guess at a secret: %+v", verdicts)
	}
}

func eventTime() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// TestPlaygroundKnowsNoWindow: the playground has no events before the one that
// was typed, and must not make them up.
func TestPlaygroundKnowsNoWindow(t *testing.T) {
	t.Parallel()
	verdicts, findings := tryOut(t, `
rules:
  - name: spike
    event: scheduling.*
    threshold: { count: 5, within: 1h }
    actions: [{ log: { message: "${{ window.count }} canceled" } }]
`)
	if len(findings) > 0 || len(verdicts) != 1 || len(verdicts[0].Actions) != 1 {
		t.Fatalf("findings %+v, verdicts %+v", findings, verdicts)
	}
	v := verdicts[0]
	if len(v.Windows) != 1 || !strings.Contains(v.Windows[0].Reason, "assuming this is event 5 within 1h") {
		t.Errorf("windows %+v", v.Windows)
	}
	if !strings.Contains(string(v.Actions[0].Effect), "⟨window.count⟩ canceled") {
		t.Errorf("it would send %s", v.Actions[0].Effect)
	}
}

// TestPlaygroundTakesOneRule as a rule page shows it; findings keep the lines and
// columns of what was typed.
func TestPlaygroundTakesOneRule(t *testing.T) {
	t.Parallel()
	const item = "- name: one\n  event: scheduling.*\n  actions: [ log: { message: hi } ]"
	const bare = "name: one\nevent: scheduling.*\nactions: [ log: { message: hi } ]\n"
	for _, typed := range []string{item, bare} {
		if verdicts, findings := tryOut(t, typed); len(findings) > 0 || len(verdicts) != 1 || verdicts[0].Verdict != "matched" {
			t.Errorf("%s\n%+v %+v", typed, verdicts, findings)
		}
	}
	for typed, column := range map[string]int{item: 9, bare: 7} {
		typed = strings.Replace(typed, "name: one", "name: one\n"+strings.Repeat(" ", column-7)+"when: meeting.nothing", 1)
		_, findings := tryOut(t, typed)
		if len(findings) != 1 || findings[0].Line != 2 || findings[0].Column != column+8 || strings.Index(findings[0].Caret, "^") != findings[0].Column-1 {
			t.Errorf("%s\n%+v", typed, findings)
		}
	}
}
