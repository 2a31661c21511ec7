package query

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
	_ "time/tzdata"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/report"
)

// a container may have no time zones

const defaultReport = 30 * 24 * time.Hour

// zoneCookie is where the console's script stores the reader's time zone.
const zoneCookie = "gavel_zone"

// ParseReport reads the options of a report. The default time zone is the
// reader's, if the browser has sent it.
func ParseReport(r *http.Request, now time.Time) (report.Options, error) {
	p := &Parser{Values: r.URL.Query(), Now: now}
	o := report.Options{Until: p.Moment("until"), Zone: p.zone(r)}
	switch p.Text("since") {
	case "0": // from the first event on
	case "":
		o.Since = now.Add(-defaultReport)
	default:
		o.Since = p.Moment("since")
	}
	if o.Until.IsZero() {
		o.Until = now
	}
	if p.Err == nil && !o.Since.Before(o.Until) {
		p.Err = answer.Invalid("until must be later than since")
	}
	if v := p.Text("late"); v != "" {
		late, ok := parseAgo(v)
		if !ok {
			p.Fail("late", "write a length of time such as 24h")
		}
		o.Late = late
	}
	if v := p.Text("top"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			p.Fail("top", "must be a number from 1 to 1000")
		}
		o.Top = n
	}
	return o, p.Err
}

func (p *Parser) zone(r *http.Request) *time.Location {
	if name := p.Text("zone"); name != "" {
		zone, err := loadZone(name)
		if err != nil {
			p.Fail("zone", "write the name of a time zone, such as Europe/Paris or UTC")
		}
		return zone
	}
	return Zone(r)
}

// Zone returns the zone of the reader's browser, UTC if that is not known.
func Zone(r *http.Request) *time.Location {
	if cookie, err := r.Cookie(zoneCookie); err == nil {
		if name, err := url.QueryUnescape(cookie.Value); err == nil {
			if zone, err := loadZone(name); err == nil {
				return zone
			}
		}
	}
	return time.UTC
}

// loadZone accepts only names of the IANA list.
func loadZone(name string) (*time.Location, error) {
	if len(name) > 64 || name == "Local" || name == "" {
		return nil, answer.Invalid("no time zone")
	}
	return time.LoadLocation(name)
}
