// Package issue has the pages of issues.
package issue

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/draw"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/query"
)

// Pages are the pages of issues.
type Pages struct{ *frame.Frame }

// Routes adds the addresses.
func (p *Pages) Routes(r chi.Router) {
	r.Get("/issues", p.list)
	r.Get("/issues/{id}", p.page)
	r.Get("/issues/{id}/retry", p.ask)
	r.Post("/issues/{id}/retry", p.retry)
	r.Post("/issues/{id}/resolve", p.change("resolve", func(r *http.Request, id string) error {
		in, err := seen(r)
		if err == nil {
			_, err = p.Issues.ResolveIssue(r.Context(), id, in, access.ByPage(r))
		}
		return err
	}))
	r.Post("/issues/{id}/mute", p.change("mute", func(r *http.Request, id string) error {
		_, err := p.Issues.MuteIssue(r.Context(), id, api.MuteRequest{For: r.PostFormValue("for")}, access.ByPage(r))
		return err
	}))
	r.Post("/issues/{id}/unmute", p.change("unmute", func(r *http.Request, id string) error {
		_, err := p.Issues.UnmuteIssue(r.Context(), id, access.ByPage(r))
		return err
	}))
}

// Row is an issue in a list.
type Row struct {
	api.Issue
	Bars draw.Bars
	// InWords is the picture in words.
	InWords string
}

// RowsOf draws issues.
func RowsOf(list []api.Issue) []Row {
	rows := make([]Row, 0, len(list))
	for _, i := range list {
		rows = append(rows, rowOf(i))
	}
	return rows
}

func rowOf(i api.Issue) Row {
	points, total := []draw.Point{}, int64(0)
	for _, s := range i.Spans {
		points = append(points, draw.Point{Start: s.Start, Value: int(s.Count)})
		total += s.Count
	}
	days := len(i.Spans) / 2
	text := fmt.Sprintf("%d failures in the last %d days", total, days)
	if total == 1 {
		text = fmt.Sprintf("1 failure in the last %d days", days)
	}
	return Row{Issue: i, Bars: draw.NewBars(points, draw.Highest(points)), InWords: text}
}

// listView is the list of issues.
type listView struct {
	Rows               []Row
	Page               query.Page
	Filter             url.Values
	Rules, Connections []string
	Active             bool
}

// rowsMost bounds the rows of a page.
const rowsMost = 50

func (p *Pages) list(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	q, err := query.ParseIssues(values, p.Now())
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	found, err := p.Issues.Issues(r.Context(), q)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := listView{Filter: values, Active: values.Get("state")+q.Rule+q.Connection != ""}
	page, of := query.PageOf(found, values, rowsMost)
	v.Rows, v.Page = RowsOf(page), of
	for _, rule := range p.Rules.Rules() {
		v.Rules = append(v.Rules, rule.Name)
	}
	for _, c := range p.Rules.Connections() {
		v.Connections = append(v.Connections, c.Name)
	}
	p.Render(w, r, http.StatusOK, "issues", "Issues", v)
}

// pageView is the page of one issue.
type pageView struct {
	Row
	Runs  []api.IssueRun
	Older string
	Start bool // the first page of its runs
	Days  []dayCount
}

// dayCount is how often an issue occurred on one day of UTC.
type dayCount struct {
	Day   string
	Count int64
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	cursor := r.URL.Query().Get("cursor")
	found, err := p.Issues.Issue(r.Context(), query.PathValue(r, "id"), cursor)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := pageView{Row: rowOf(found.Issue), Runs: found.Runs, Start: cursor == ""}
	if found.Next != "" {
		v.Older = query.IssuePath(found.ID) + "?cursor=" + url.QueryEscape(found.Next)
	}
	days := map[string]int64{}
	for _, s := range found.Spans {
		days[s.Start.UTC().Format(time.DateOnly)] += s.Count
	}
	for at := len(found.Spans) - 1; at >= 0; at-- {
		if day := found.Spans[at].Start.UTC().Format(time.DateOnly); days[day] > 0 {
			v.Days = append(v.Days, dayCount{day, days[day]})
			delete(days, day)
		}
	}
	p.Render(w, r, http.StatusOK, "issue", "Issue of "+found.Rule, v)
}

// askView is the page that asks before a retry of all.
type askView struct {
	*api.IssueRetry
	More int64 // runs than are listed
}

// ask shows what a retry of all would send, to whom.
func (p *Pages) ask(w http.ResponseWriter, r *http.Request) {
	plan, err := p.Issues.RetryIssue(r.Context(), query.PathValue(r, "id"), api.RetryRequest{}, access.ByPage(r))
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	p.Render(w, r, http.StatusOK, "retry", "Retry", askView{plan, plan.Failing - int64(len(plan.Runs))})
}

// longest bounds how long a retry of many may take.
const longest = 10 * time.Minute

func (p *Pages) retry(w http.ResponseWriter, r *http.Request) {
	// Test recorders do not support deadlines.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longest))
	ctx, cancel := context.WithTimeout(r.Context(), longest)
	defer cancel()
	id := query.PathValue(r, "id")
	if _, err := p.Issues.RetryIssue(ctx, id, api.RetryRequest{Confirm: true}, access.ByPage(r)); err != nil {
		p.FaultOf(w, r, err)
		return
	}
	http.Redirect(w, r, query.IssuePath(id)+"?done=retry-issue", http.StatusSeeOther)
}

// change handles a button and leads back to where it was pressed.
func (p *Pages) change(verb string, do func(r *http.Request, id string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.Form(w, r) {
			return
		}
		id := query.PathValue(r, "id")
		if err := do(r, id); err != nil {
			p.FaultOf(w, r, err)
			return
		}
		back := query.IssuePath(id)
		if r.PostFormValue("back") == "list" {
			back = "/issues"
		}
		http.Redirect(w, r, back+"?done="+url.QueryEscape(verb), http.StatusSeeOther)
	}
}

// seen reads how many failures the page showed, so that one that came after it is
// not acknowledged.
func seen(r *http.Request) (api.ResolveRequest, error) {
	var in api.ResolveRequest
	if _, err := fmt.Sscan(r.PostFormValue("total"), &in.Total); err != nil || in.Total <= 0 {
		return in, answer.Invalid("the form cannot be read")
	}
	return in, nil
}
