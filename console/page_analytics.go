package console

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // the zones must be there in a container without any

	"github.com/gavel-rules/gavel/report"
)

// Analyst counts what happened. context.DeadlineExceeded says that there is
// too much to count for a page.
type Analyst interface {
	Report(ctx context.Context, o report.Options) (*report.Report, error)
}

// zoneCookie is where the script of the console notes the reader's zone.
const zoneCookie = "gavel_zone"

const defaultReport = 30 * 24 * time.Hour

// analyticsView is the page of numbers over time.
type analyticsView struct {
	Filter url.Values
	Spans  []span
	Lates  []span
	Zone   string
	From   time.Time
	Part   template.HTML
}

// parseReport reads what is to be counted. Without a zone it is that of the
// reader, if the browser has told it.
func parseReport(r *http.Request, now time.Time) (report.Options, error) {
	p := &parser{values: r.URL.Query(), now: now}
	o := report.Options{Until: p.moment("until"), Zone: p.zone(r)}
	switch p.text("since") {
	case "0": // from the first event on
	case "":
		o.Since = now.Add(-defaultReport)
	default:
		o.Since = p.moment("since")
	}
	if o.Until.IsZero() {
		o.Until = now
	}
	if p.err == nil && !o.Since.Before(o.Until) {
		p.err = invalid("until must be later than since")
	}
	if v := p.text("late"); v != "" {
		late, ok := parseAgo(v)
		if !ok {
			p.fail("late", "write a length of time such as 24h")
		}
		o.Late = late
	}
	if v := p.text("top"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			p.fail("top", "must be a number from 1 to 1000")
		}
		o.Top = n
	}
	return o, p.err
}

func (p *parser) zone(r *http.Request) *time.Location {
	if name := p.text("zone"); name != "" {
		zone, err := loadZone(name)
		if err != nil {
			p.fail("zone", "write the name of a time zone, such as Europe/Paris or UTC")
		}
		return zone
	}
	if cookie, err := r.Cookie(zoneCookie); err == nil {
		if name, err := url.QueryUnescape(cookie.Value); err == nil {
			if zone, err := loadZone(name); err == nil {
				return zone
			}
		}
	}
	return time.UTC
}

// loadZone takes names of the IANA list only.
func loadZone(name string) (*time.Location, error) {
	if len(name) > 64 || name == "Local" || name == "" {
		return nil, invalid("no time zone")
	}
	return time.LoadLocation(name)
}

func reportSpans() []span {
	return []span{{"7d", "last 7 days"}, {"30d", "last 30 days"}, {"90d", "last 90 days"}, {"365d", "last 365 days"}}
}

func lateSpans() []span {
	return []span{{"1h", "1 hour"}, {"4h", "4 hours"}, {"24h", "24 hours"}, {"48h", "48 hours"}, {"7d", "7 days"}}
}

// with adds what the address asks for, if it is not among the choices.
func with(list []span, value string) []span {
	if value == "" || slices.ContainsFunc(list, func(s span) bool { return s.Value == value }) {
		return list
	}
	return append(list, span{value, value})
}

func (c *Console) analyticsPage(w http.ResponseWriter, r *http.Request) {
	o, err := parseReport(r, c.Now())
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	counted, err := c.Analyst.Report(r.Context(), o)
	if errors.Is(err, context.DeadlineExceeded) {
		c.fault(w, r, http.StatusServiceUnavailable, "That is too much to count for a page",
			"Choose a shorter time. In a terminal there is no limit: gavel report --since 365d --output html > report.html")
		return
	}
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	v := analyticsView{Filter: filled(r.URL.Query()), Zone: counted.Zone, From: counted.From}
	for name, fallback := range map[string]string{"since": "30d", "late": "24h"} {
		if v.Filter.Get(name) == "" {
			v.Filter.Set(name, fallback)
		}
	}
	v.Spans, v.Lates = with(reportSpans(), v.Filter.Get("since")), with(lateSpans(), v.Filter.Get("late"))
	if v.Part, err = c.sheet.Part(counted); err != nil {
		c.faultOf(w, r, err)
		return
	}
	c.render(w, r, http.StatusOK, "analytics", "Analytics", v)
}

func (c *Console) apiReport(w http.ResponseWriter, r *http.Request) {
	o, err := parseReport(r, c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	counted, err := c.Analyst.Report(r.Context(), o)
	if errors.Is(err, context.DeadlineExceeded) {
		problem(w, http.StatusServiceUnavailable, "that is too much to count for one answer; ask for a shorter time, or run gavel report on the machine itself")
		return
	}
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, counted)
}
