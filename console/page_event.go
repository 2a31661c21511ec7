package console

import (
	"net/http"
	"strconv"

	"github.com/gavel-rules/gavel/event"
)

// eventView is the page of one event.
type eventView struct {
	Record *event.Record
	Row    eventRow
	Runs   []*event.Run
	Rules  []ruleVerdict
	Size   int
	// SameRules says that the rules that the event met are still in force.
	SameRules bool
}

// ruleVerdict says what became of an event at one rule.
type ruleVerdict struct {
	Rule    Rule
	Run     *event.Run // nil when it started none
	Listens bool       // to this type of event
}

func (c *Console) eventPage(w http.ResponseWriter, r *http.Request) {
	rec, err := c.Ledger.Event(r.Context(), pathValue(r, "id"))
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	runs, err := c.Ledger.Runs(r.Context(), event.RunFilter{EventID: rec.Event.ID, Limit: pageMost})
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	v := eventView{
		Record: rec, Row: rowOf(rec), Runs: runs, Size: len(rec.Event.Body),
		SameRules: rec.Revision == c.Rules.Load().Revision,
	}
	started := map[string]*event.Run{}
	for _, run := range runs {
		started[run.Rule] = run
	}
	for _, rule := range c.Rules.Rules() {
		v.Rules = append(v.Rules, ruleVerdict{
			Rule: rule, Run: started[rule.Name], Listens: rule.Matches != nil && rule.Matches(rec.Event.Type),
		})
	}
	c.render(w, r, http.StatusOK, "event", eventName(rec.Event.Type), v)
}

// eventBody sends the event as it came. It is offered as a file, so that no
// browser takes it for a page.
func (c *Console) eventBody(w http.ResponseWriter, r *http.Request) {
	rec, err := c.Ledger.Event(r.Context(), pathValue(r, "id"))
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="event.json"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(rec.Event.Body)))
	_, _ = w.Write(rec.Event.Body) // the peer may have gone
}
