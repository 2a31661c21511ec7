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
	"github.com/gavel-rules/gavel/report"
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
	// Unready is set instead of Part while stored events are being counted.
	Unready *report.Unready
}

// listed adds what the filters offer.
func (v analyticsView) listed() analyticsView {
	v.Spans, v.Lates = with(reportSpans(), v.Filter.Get("since")), with(lateSpans(), v.Filter.Get("late"))
	return v
}

// filtered returns the filters of a request, with the defaults.
func filtered(r *http.Request) url.Values {
	f := filled(r.URL.Query())
	for name, fallback := range map[string]string{"since": "30d", "late": "24h"} {
		if f.Get(name) == "" {
			f.Set(name, fallback)
		}
	}
	return f
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
	var unready *report.Unready
	if err := p.Analyst.Counted(r.Context(), o); errors.As(err, &unready) {
		// The page loads itself again, with the same address.
		w.Header().Set("Refresh", "2")
		p.render(w, r, http.StatusOK, "analytics", "Analytics", analyticsView{Filter: filtered(r), Zone: o.Zone.String(), Unready: unready}.listed())
		return
	} else if err != nil {
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
	v := analyticsView{Filter: filtered(r), Zone: counted.Zone, From: counted.From}.listed()
	if v.Part, err = p.sheet.Part(counted); err != nil {
		p.faultOf(w, r, err)
		return
	}
	p.render(w, r, http.StatusOK, "analytics", "Analytics", v)
}
