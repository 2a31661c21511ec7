package pages

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"time"
	_ "time/tzdata"

	"github.com/gavel-rules/gavel/console/query"
)

// a container may have no time zones

// analyticsView is the page of counts over time.
type analyticsView struct {
	Filter url.Values
	Spans  []span
	Lates  []span
	Zone   string
	From   time.Time
	Part   template.HTML
}

func reportSpans() []span {
	return []span{{"7d", "last 7 days"}, {"30d", "last 30 days"}, {"90d", "last 90 days"}, {"365d", "last 365 days"}}
}

func lateSpans() []span {
	return []span{{"1h", "1 hour"}, {"4h", "4 hours"}, {"24h", "24 hours"}, {"48h", "48 hours"}, {"7d", "7 days"}}
}

func (p *Pages) analyticsPage(w http.ResponseWriter, r *http.Request) {
	o, err := query.ParseReport(r, p.Now())
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	counted, err := p.Analyst.Report(r.Context(), o)
	if errors.Is(err, context.DeadlineExceeded) {
		p.Fault(w, r, http.StatusServiceUnavailable, "Too much to count for a page",
			"Choose a shorter period. In a terminal there is no limit: gavel report --since 365d --output html > report.html")
		return
	}
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v := analyticsView{Filter: filled(r.URL.Query()), Zone: counted.Zone, From: counted.From}
	for name, fallback := range map[string]string{"since": "30d", "late": "24h"} {
		if v.Filter.Get(name) == "" {
			v.Filter.Set(name, fallback)
		}
	}
	v.Spans, v.Lates = with(reportSpans(), v.Filter.Get("since")), with(lateSpans(), v.Filter.Get("late"))
	if v.Part, err = p.sheet.Part(counted); err != nil {
		p.faultOf(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "analytics", "Analytics", v)
}
