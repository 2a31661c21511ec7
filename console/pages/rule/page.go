package rule

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/draw"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/query"
)

// pageView is the page of one rule.
type pageView struct {
	*api.RuleDetail
	Load              api.Load
	Matches, Failures draw.Bars
	Explains          bool // there is a playground
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	d, err := past.Rule(r.Context(), &p.Backend, query.PathValue(r, "name"))
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := pageView{RuleDetail: d, Load: p.Rules.Load(), Explains: p.Desk != nil}
	var matches, failures []draw.Point
	for _, day := range d.Month.Days {
		matches = append(matches, draw.Point{Start: day.Start, Value: day.Matched})
		failures = append(failures, draw.Point{Start: day.Start, Value: day.Failed})
	}
	v.Matches, v.Failures = draw.NewBars(matches, draw.Highest(matches)), draw.NewBars(failures, draw.Highest(failures))
	p.Render(w, r, http.StatusOK, "rule", "Rule "+d.Name, v)
}
