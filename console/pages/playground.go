package pages

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
)

// playgroundView is the page where rules are tried out.
type playgroundView struct {
	RulesText, EventText string
	Types                []string
	Asked                bool
	Findings             []api.Finding
	EventFault           string
	Verdicts             []verdict
}

// playgroundPage starts with the event of ?event=ID, or with a sample of
// ?type=.
func (p *Pages) playgroundPage(w http.ResponseWriter, r *http.Request) {
	v := playgroundView{Types: event.Types(), RulesText: exampleRule}
	query := r.URL.Query()
	if id := query.Get("event"); id != "" {
		rec, err := p.Ledger.Event(r.Context(), id)
		if err != nil {
			p.faultOf(w, r, err)
			return
		}
		v.EventText = words.Pretty(rec.Event.Body)
		if inForce := p.inForceFor(r.Context(), rec); inForce != "" {
			v.RulesText = inForce
		}
	} else {
		wanted := query.Get("type")
		if !slices.Contains(v.Types, wanted) {
			wanted = event.TypeCanceled
		}
		sample, err := sample.Body(wanted, "sample", p.Now().Truncate(time.Minute))
		if err != nil {
			p.faultOf(w, r, err)
			return
		}
		v.EventText = words.Pretty(sample)
	}
	if name := query.Get("rule"); name != "" {
		for _, rule := range p.Rules.Rules() {
			if rule.Name == name {
				v.RulesText = p.asFile(rule.Source)
			}
		}
	}
	p.render(w, r, http.StatusOK, "playground", "Playground", v)
}

// exampleRule is the initial text of the page.
const exampleRule = `vars:
  home: acme.example

rules:
  - name: alert-on-cancellation
    event: scheduling.smartscheduler.canceled
    when: meeting.meetingOwner.username endsWith "@" + vars.home
    actions:
      - log:
          message: "Canceled: ${{ meeting.meetingInfo.meetingName }}"
`

// tryRules handles the form. Nothing is sent and nothing is stored.
func (p *Pages) tryRules(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, backend.MaxTry)
	if err := r.ParseForm(); err != nil {
		p.Fault(w, r, http.StatusRequestEntityTooLarge, "Too large", "Rules and event may have 4 MB together.")
		return
	}
	v := playgroundView{
		RulesText: r.PostFormValue("rules"), EventText: r.PostFormValue("event"), Types: event.Types(), Asked: true,
	}
	trial, err := p.Desk.Try(r.Context(), api.TryRequest{Rules: v.RulesText, Event: json.RawMessage(v.EventText)})
	if errors.Is(err, event.ErrInvalid) {
		v.EventFault = err.Error()
	} else if err != nil {
		p.faultOf(w, r, err)
		return
	}
	if trial != nil {
		v.Findings = trial.Findings
		if trial.Explanation != nil {
			v.Verdicts = verdictsOf(trial.Explanation.Rules, nil, "")
		}
	}
	p.render(w, r, http.StatusOK, "playground", "Playground", v)
}

// tryRulesMost is how many rules the page starts with.
const tryRulesMost = 20

// inForceFor returns the rules that an event matched, as they were then, or else
// those in force for its type. What cannot be read is left out.
func (p *Pages) inForceFor(ctx context.Context, rec *event.Record) string {
	var found []string
	runs, err := p.Ledger.Runs(ctx, event.RunFilter{EventID: rec.Event.Ref(), OldestFirst: true, Limit: tryRulesMost})
	if err != nil {
		runs = nil
	}
	known := map[string]bool{}
	for _, run := range runs {
		if known[run.Rule] {
			continue
		}
		known[run.Rule] = true
		if rule, err := p.Desk.RuleAt(ctx, rec.Revision, run.Rule); err == nil && rule != nil {
			found = append(found, rule.Source)
		}
	}
	for _, rule := range p.Rules.Rules() {
		if len(known) == 0 && len(found) < tryRulesMost && !rule.Disabled && rule.Matches != nil && rule.Matches(rec.Event.Type) {
			found = append(found, rule.Source)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return p.asFile(strings.Join(found, "\n"))
}

// asFile makes a rules file of rules of a list, with the connections and the vars
// in force.
func (p *Pages) asFile(rule string) string {
	return p.Rules.Preamble() + "rules:\n  " + strings.ReplaceAll(rule, "\n", "\n  ") + "\n"
}
