package rule

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/draw"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// pageView is the page of one rule.
type pageView struct {
	*api.RuleDetail
	Load              api.Load
	Matches, Failures draw.Bars
	Explains          bool // there is a playground
	Windows           []api.WindowNow
	Left              []api.LeftRule // what of it waits although it does not send
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	name := query.PathValue(r, "name")
	left, err := past.Left(r.Context(), &p.Backend)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	left = slices.DeleteFunc(left, func(l api.LeftRule) bool { return l.Rule != name })
	d, err := past.Rule(r.Context(), &p.Backend, name)
	if errors.Is(err, event.ErrNotFound) && len(left) > 0 {
		p.Render(w, r, http.StatusOK, "rule-gone", "Rule "+name, left)
		return
	}
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := pageView{RuleDetail: d, Left: left, Load: p.Rules.Load(), Explains: p.Desk != nil}
	if len(d.Gathers) > 0 && p.Desk != nil {
		if v.Windows, err = p.Desk.Windows(r.Context(), d.Name); err != nil {
			p.FaultOf(w, r, err)
			return
		}
	}
	var matches, failures []draw.Point
	for _, day := range d.Month.Days {
		matches = append(matches, draw.Point{Start: day.Start, Value: day.Matched})
		failures = append(failures, draw.Point{Start: day.Start, Value: day.Failed})
	}
	v.Matches, v.Failures = draw.NewBars(matches, draw.Highest(matches)), draw.NewBars(failures, draw.Highest(failures))
	p.Render(w, r, http.StatusOK, "rule", "Rule "+d.Name, v)
}
