package console

import (
	"net/http"
	"net/url"

	"github.com/gavel-rules/gavel/api"
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

// Open says that some of the runs of the last day have not ended.
func (l ruleLine) Open() bool {
	ended := 0
	for _, n := range l.Counts {
		ended += n
	}
	return l.Matched > ended
}

func (c *Console) rulesPage(w http.ResponseWriter, r *http.Request) {
	day, err := c.readDay(r.Context())
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	v := rulesView{Load: c.Rules.Load()}
	for _, rule := range c.Rules.Rules() {
		did := day.Rules[rule.Name]
		v.Rules = append(v.Rules, ruleLine{Rule: rule, Matched: did.Matched, Counts: did.Ended})
	}
	c.render(w, r, http.StatusOK, "rules", "Rules", v)
}

func (c *Console) reloadFromPage(w http.ResponseWriter, r *http.Request) {
	// What came of it is on the page.
	_, _, _ = c.Reloader.Reload(r.Context())
	http.Redirect(w, r, "/rules?"+url.Values{"done": {"reload"}}.Encode(), http.StatusSeeOther)
}
