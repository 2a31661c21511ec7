// Package query parses the parameters of an address, and finds the data.
package query

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

const (
	pageSize = 50
	PageMost = 500
	// maxFilter bounds the length of one filter.
	MaxFilter = 256
)

// EventQuery selects a list of events.
type EventQuery struct {
	event.EventFilter
	Search search.Query
}

func outcomes() []string {
	var names []string
	for _, f := range event.Fates() {
		names = append(names, string(f))
	}
	return names
}

// Parser reads query values and keeps the first error.
type Parser struct {
	Values url.Values
	Now    time.Time
	Err    error
}

// Fail records that a value is wrong and what to write instead.
func (p *Parser) Fail(name, hint string) {
	if p.Err == nil {
		p.Err = answer.Invalid("%s=%s: %s", name, strconv.Quote(words.Clip(p.Values.Get(name), 60)), hint)
	}
}

// Text reads a short text without control characters.
func (p *Parser) Text(name string) string {
	v := strings.TrimSpace(p.Values.Get(name))
	if len(v) > MaxFilter || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		p.Fail(name, "at most "+strconv.Itoa(MaxFilter)+" characters, none of them control characters")
		return ""
	}
	return strings.ToValidUTF8(v, "")
}

func (p *Parser) choice(name string, allowed []string) string {
	v := p.Text(name)
	if v != "" && !slices.Contains(allowed, v) {
		p.Fail(name, "must be one of "+strings.Join(allowed, ", "))
		return ""
	}
	return v
}

// Moment reads a time, a day, or an age: 90m, 24h, 7d.
func (p *Parser) Moment(name string) time.Time {
	v := p.Text(name)
	if v == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return t.UTC()
		}
	}
	if ago, ok := parseAgo(v); ok {
		return p.Now.Add(-ago)
	}
	p.Fail(name, "write a time such as 2026-01-31T09:30:00Z, a day, or how long ago: 90m, 24h, 7d")
	return time.Time{}
}

// Ahead reads a time, a day, or how far ahead: 90m, 24h, 7d.
func (p *Parser) Ahead(name string) time.Time {
	if ahead, ok := parseAgo(p.Text(name)); ok {
		return p.Now.Add(ahead)
	}
	return p.Moment(name)
}

// place reads the cursor of a list in the order of due times, which
// cursorOfRun wrote.
func (p *Parser) place(cursor string) *event.RunPlace {
	micros, id, _ := strings.Cut(cursor, "-")
	due, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || id == "" {
		p.Fail("cursor", "use the cursor of an earlier answer")
		return nil
	}
	return &event.RunPlace{Due: time.UnixMicro(due), ID: id}
}

func parseAgo(v string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n > 0 && n <= 36500
	}
	d, err := time.ParseDuration(v)
	return d, err == nil && d > 0
}

func (p *Parser) limit() int {
	v := p.Text("limit")
	if v == "" {
		return pageSize
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > PageMost {
		p.Fail("limit", "must be a number from 1 to "+strconv.Itoa(PageMost))
		return pageSize
	}
	return n
}

// ParseEvents reads the filters of a list of events.
func ParseEvents(values url.Values, now time.Time) (EventQuery, error) {
	p := &Parser{Values: values, Now: now}
	q := EventQuery{
		EventFilter: event.EventFilter{
			Type: p.Text("type"), MeetingID: p.Text("meeting"),
			Since: p.Moment("since"), Until: p.Moment("until"), Limit: p.limit(),
			Fate: event.Fate(p.choice("outcome", outcomes())),
		},
		Search: search.New(p.Text("q"), p.Text("owner")),
	}
	if i := strings.IndexByte(q.Type, '*'); i >= 0 && i != len(q.Type)-1 {
		p.Fail("type", "a pattern may have one * at its end")
	}
	if v := p.Text("cursor"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			p.Fail("cursor", "use the cursor of an earlier answer")
		}
		q.Before = n
	}
	return q, p.Err
}

// ParseRuns reads the filters of a list of runs.
func ParseRuns(values url.Values, now time.Time) (event.RunFilter, error) {
	p := &Parser{Values: values, Now: now}
	f := event.RunFilter{
		Rule: p.Text("rule"), EventID: p.Text("event"), MeetingID: p.Text("meeting"),
		Since: p.Moment("since"), Until: p.Moment("until"), Limit: p.limit(), Before: p.Text("cursor"),
	}
	f.DueBefore = p.Ahead("due_before")
	f.Sort = event.RunSort(p.choice("sort", []string{string(event.SortDue)}))
	if f.Sort == event.SortDue && f.Before != "" {
		f.Behind, f.Before = p.place(f.Before), ""
	}
	if v := p.Text("status"); v != "" {
		for name := range strings.SplitSeq(v, ",") {
			status := event.Status(strings.TrimSpace(name))
			if !slices.Contains(event.Statuses(), status) {
				p.Fail("status", "the states are "+statusList())
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
	return f, p.Err
}

// ParseRunQuery reads the filters of a list of runs, and what a person typed
// about their events.
func ParseRunQuery(values url.Values, now time.Time) (RunQuery, error) {
	f, err := ParseRuns(values, now)
	p := &Parser{Values: values, Now: now, Err: err}
	return RunQuery{RunFilter: f, Search: search.New(p.Text("q"), p.Text("owner"))}, p.Err
}

func statusList() string {
	names := make([]string, 0, len(event.Statuses()))
	for _, s := range event.Statuses() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}
