package console

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// rulesView is the page of rules.
type rulesView struct {
	Load  Load
	Rules []ruleLine
	Since time.Time // counts reach back to here
	Whole bool      // that is the whole day
}

// ruleLine is a rule with what it did in the last day.
type ruleLine struct {
	Rule
	Counts map[event.Status]int
	Total  int
}

func (c *Console) rulesPage(w http.ResponseWriter, r *http.Request) {
	day := c.Feed.activity.summary()
	v := rulesView{Load: c.Rules.Load(), Since: day.Since, Whole: day.Whole}
	for _, rule := range c.Rules.Rules() {
		line := ruleLine{Rule: rule, Counts: day.Rules[rule.Name]}
		for _, n := range line.Counts {
			line.Total += n
		}
		v.Rules = append(v.Rules, line)
	}
	c.render(w, r, http.StatusOK, "rules", "Rules", v)
}

func (c *Console) reloadFromPage(w http.ResponseWriter, r *http.Request) {
	// What came of it is on the page.
	_, _, _ = c.Reloader.Reload(r.Context())
	http.Redirect(w, r, "/rules?"+url.Values{"done": {"reload"}}.Encode(), http.StatusSeeOther)
}
