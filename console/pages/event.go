package pages

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/explain"
)

// eventView is the page of one event.
type eventView struct {
	Record *event.Record
	Row    eventRow
	Runs   []*event.Run
	Rules  []ruleVerdict // when there is no explanation
	// Verdicts are those of the rules that were in force when the event was
	// received; Unexplained says why there are none.
	Verdicts    []verdict
	Unexplained string
	Size        int
	Payload     string // for reading
	Whole       bool   // Payload was not cut
	Unsigned    bool   // unsigned events are accepted
	Own         bool   // Gavel has made it
	// SameRules says that the rules of that time are still in force.
	SameRules bool
	CanReplay bool
}

// ruleVerdict says what one rule did with an event.
type ruleVerdict struct {
	Rule    api.Rule
	Run     *event.Run // nil when it started none
	Listens bool       // to this type of event
}

func (p *Pages) eventPage(w http.ResponseWriter, r *http.Request) {
	id := query.PathValue(r, "id")
	rec, err := p.Ledger.Event(r.Context(), id)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	runs, err := p.Ledger.Runs(r.Context(), event.RunFilter{EventID: rec.Event.Ref(), Limit: query.PageMost})
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v := eventView{
		Record: rec, Row: rowOf(rec), Runs: runs, Size: len(rec.Event.Body),
		CanReplay: p.Desk != nil, SameRules: rec.Revision == p.Rules.Load().Revision, Payload: words.Pretty(rec.Event.Body), Unsigned: p.Unsigned,
		Own: own.Is(rec.Event.Type),
	}
	v.Whole = !strings.HasSuffix(v.Payload, words.CutMark)
	if p.Desk == nil {
		v.Rules = p.verdicts(rec.Event.Type, runs)
	} else if explained, err := p.explained(r.Context(), id, rec); err == nil {
		v.Verdicts = verdictsOf(explained, runs, r.URL.Query().Get("rule"))
	} else {
		p.Logger.Warn("event not explained", "event_id", rec.Event.ID, "error", err)
		v.Unexplained = "The rules in force when this event was received cannot be read."
	}
	p.render(w, r, http.StatusOK, "event", words.EventName(rec.Event.Type), v)
}

// explained explains the event with the rules in force when it was received.
func (p *Pages) explained(ctx context.Context, id string, rec *event.Record) ([]*explain.RuleExplanation, error) {
	x, err := p.Desk.Explain(ctx, id, api.ExplainQuery{At: rec.Event.Received})
	if err != nil {
		return nil, err
	}
	return x.Rules, nil
}

// eventBody sends the body of the event, as a download so that no browser
// shows it as a page.
func (p *Pages) eventBody(w http.ResponseWriter, r *http.Request) {
	rec, err := p.Ledger.Event(r.Context(), query.PathValue(r, "id"))
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="event.json"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(rec.Event.Body)))
	_, _ = w.Write(rec.Event.Body) // #nosec G705 -- JSON, and offered as a file; the client may have gone
}

// verdicts says what is known without an explanation.
func (p *Pages) verdicts(eventType string, runs []*event.Run) []ruleVerdict {
	started := map[string]*event.Run{}
	for _, run := range runs {
		started[run.Rule] = run
	}
	var out []ruleVerdict
	for _, rule := range p.Rules.Rules() {
		out = append(out, ruleVerdict{
			Rule: rule, Run: started[rule.Name], Listens: rule.Matches != nil && rule.Matches(eventType),
		})
	}
	return out
}
