package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	pageSize = 50
	pageMost = 500
	// maxFilter bounds the length of one filter.
	maxFilter = 256
)

// eventQuery is what a list of events was asked for.
type eventQuery struct {
	event.EventFilter
	Search event.Search
}

func outcomes() []string {
	var names []string
	for _, f := range event.Fates() {
		names = append(names, string(f))
	}
	return names
}

// parser reads query values and keeps the first thing that is wrong.
type parser struct {
	values url.Values
	now    time.Time
	err    error
}

func (p *parser) fail(name, hint string) {
	if p.err == nil {
		p.err = invalid("%s=%s: %s", name, strconv.Quote(clip(p.values.Get(name), 60)), hint)
	}
}

func (p *parser) text(name string) string {
	v := strings.TrimSpace(p.values.Get(name))
	if len(v) > maxFilter || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		p.fail(name, "at most "+strconv.Itoa(maxFilter)+" characters, none of them control characters")
		return ""
	}
	return strings.ToValidUTF8(v, "")
}

func (p *parser) choice(name string, allowed []string) string {
	v := p.text(name)
	if v != "" && !slices.Contains(allowed, v) {
		p.fail(name, "must be one of "+strings.Join(allowed, ", "))
		return ""
	}
	return v
}

// moment reads a time, a day, or how long ago: 90m, 24h, 7d.
func (p *parser) moment(name string) time.Time {
	v := p.text(name)
	if v == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return t.UTC()
		}
	}
	if ago, ok := parseAgo(v); ok {
		return p.now.Add(-ago)
	}
	p.fail(name, "write a time such as 2026-01-31T09:30:00Z, a day, or how long ago: 90m, 24h, 7d")
	return time.Time{}
}

func parseAgo(v string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n > 0 && n <= 36500
	}
	d, err := time.ParseDuration(v)
	return d, err == nil && d > 0
}

func (p *parser) limit() int {
	v := p.text("limit")
	if v == "" {
		return pageSize
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > pageMost {
		p.fail("limit", "must be a number from 1 to "+strconv.Itoa(pageMost))
		return pageSize
	}
	return n
}

func parseEventQuery(values url.Values, now time.Time) (eventQuery, error) {
	p := &parser{values: values, now: now}
	q := eventQuery{
		EventFilter: event.EventFilter{
			Type: p.text("type"), MeetingID: p.text("meeting"),
			Since: p.moment("since"), Until: p.moment("until"), Limit: p.limit(),
			Fate: event.Fate(p.choice("outcome", outcomes())),
		},
		Search: event.NewSearch(p.text("q"), p.text("owner")),
	}
	if i := strings.IndexByte(q.Type, '*'); i >= 0 && i != len(q.Type)-1 {
		p.fail("type", "a pattern may have one * at its end")
	}
	if v := p.text("cursor"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			p.fail("cursor", "use the cursor of an earlier answer")
		}
		q.Before = n
	}
	return q, p.err
}

func parseRunQuery(values url.Values, now time.Time) (event.RunFilter, error) {
	p := &parser{values: values, now: now}
	f := event.RunFilter{
		Rule: p.text("rule"), EventID: p.text("event"), MeetingID: p.text("meeting"),
		Since: p.moment("since"), Until: p.moment("until"), Limit: p.limit(), Before: p.text("cursor"),
	}
	if v := p.text("status"); v != "" {
		for name := range strings.SplitSeq(v, ",") {
			status := event.Status(strings.TrimSpace(name))
			if !slices.Contains(event.Statuses(), status) {
				p.fail("status", "the states are "+statusList())
				break
			}
			f.Statuses = append(f.Statuses, status)
		}
	}
	switch p.choice("shadow", []string{"true", "false"}) {
	case "true":
		f.Shadow = new(bool)
		*f.Shadow = true
	case "false":
		f.Shadow = new(bool)
	}
	return f, p.err
}

func statusList() string {
	names := make([]string, 0, len(event.Statuses()))
	for _, s := range event.Statuses() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func clip(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}
