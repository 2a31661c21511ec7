package pages

import (
	"net/http"
	"net/url"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/event"
)

// rulesView is the page of rules.
type rulesView struct {
	Load  api.Load
	Rules []ruleLine
}

// ruleLine is a rule with what it did in the last day.
type ruleLine struct {
	api.Rule
	Matched int
	Counts  map[event.Status]int // of runs that ended
}

// Open reports whether some runs of the last day have not ended.
func (l ruleLine) Open() bool {
	ended := 0
	for _, n := range l.Counts {
		ended += n
	}
	return l.Matched > ended
}

func (p *Pages) rulesPage(w http.ResponseWriter, r *http.Request) {
	past, err := day.Read(r.Context(), p.Ledger, p.Now())
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v := rulesView{Load: p.Rules.Load()}
	for _, rule := range p.Rules.Rules() {
		did := past.Rule(rule.Name)
		v.Rules = append(v.Rules, ruleLine{Rule: rule, Matched: did.Matched, Counts: did.Ended})
	}
	p.render(w, r, http.StatusOK, "rules", "Rules", v)
}

func (p *Pages) reloadFromPage(w http.ResponseWriter, r *http.Request) {
	// The page shows the result.
	_, _, _ = p.Reloader.Reload(r.Context())
	http.Redirect(w, r, "/rules?"+url.Values{"done": {"reload"}}.Encode(), http.StatusSeeOther)
}
