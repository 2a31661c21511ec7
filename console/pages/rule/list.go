// Package rule has the pages of rules.
package rule

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// Pages are the pages of rules.
type Pages struct{ *frame.Frame }

// Routes adds the addresses.
func (p *Pages) Routes(r chi.Router) {
	r.Get("/rules", p.list)
	r.Post("/rules/reload", p.reload)
	r.Get("/rules/{name}", p.page)
	if p.Desk != nil {
		r.Get("/rules/{name}/move", p.askMove)
		r.Post("/rules/{name}/move", p.move)
		r.Get("/rules/{name}/apply", p.askApply)
		r.Post("/rules/{name}/apply", p.apply)
	}
}

// listView is the page of rules.
type listView struct {
	Load   api.Load
	Rules  []line
	Left   []api.LeftRule
	Never  int // rules that have never fired
	Show   string
	Text   string
	Page   query.Page
	Active bool // some filter is set
}

// line is a rule with what it did in the last day.
type line struct{ api.RulePast }

// Waiting reports whether some runs of the last day have not ended.
func (l line) Waiting() bool { return l.Day.Matched > l.ended() }

func (l line) ended() int {
	n := 0
	for _, of := range l.Day.Ended {
		n += of
	}
	return n
}

// What the list can be asked to show.
const (
	showNever   = "never"
	showFailing = "failing"
)

// rowsMost bounds the rules on one page, neverAsked those of which the store is
// asked whether they ever fired.
const (
	rowsMost   = 50
	neverAsked = 500
)

func (p *Pages) list(w http.ResponseWriter, r *http.Request) {
	ctx, values := r.Context(), r.URL.Query()
	all, err := past.Rules(ctx, &p.Backend)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	known := map[string]time.Time{}
	quiet := only(all, func(r *api.RulePast) bool { return r.Month.Matched == 0 })
	quiet = quiet[:min(len(quiet), neverAsked)]
	if err := p.fired(ctx, quiet, known); err != nil {
		p.FaultOf(w, r, err)
		return
	}
	never := only(quiet, (*api.RulePast).Never)
	v := listView{Load: p.Rules.Load(), Never: len(never), Show: values.Get("show"), Text: strings.TrimSpace(values.Get("text"))}
	if v.Left, err = past.Left(ctx, &p.Backend); err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v.Active = v.Show != "" || v.Text != ""
	switch v.Show {
	case showNever:
		all = never
	case showFailing:
		all = only(all, func(r *api.RulePast) bool { return r.Day.Ended[event.StatusFailed] > 0 })
	}
	if v.Text != "" {
		all = only(all, func(r *api.RulePast) bool { return contains(r, strings.ToLower(v.Text)) })
	}
	var rows []api.RulePast
	rows, v.Page = query.PageOf(all, values, rowsMost)
	if err := p.fired(ctx, rows, known); err != nil {
		p.FaultOf(w, r, err)
		return
	}
	for _, row := range rows {
		v.Rules = append(v.Rules, line{row})
	}
	p.Render(w, r, http.StatusOK, "rules", "Rules", v)
}

// fired adds when rules last fired, and asks the store for those that are not
// known.
func (p *Pages) fired(ctx context.Context, list []api.RulePast, known map[string]time.Time) error {
	var asked []string
	for _, r := range list {
		if _, ok := known[r.Name]; !ok {
			asked = append(asked, r.Name)
		}
	}
	found, err := api.LastFired(ctx, p.Ledger, asked)
	if err != nil {
		return err
	}
	for _, name := range asked {
		known[name] = found[name]
	}
	for i := range list {
		list[i].LastFired = known[list[i].Name]
	}
	return nil
}

func only(all []api.RulePast, keep func(*api.RulePast) bool) []api.RulePast {
	var out []api.RulePast
	for i := range all {
		if keep(&all[i]) {
			out = append(out, all[i])
		}
	}
	return out
}

// contains reports whether a rule has a text in its name, its description or what
// it does.
func contains(r *api.RulePast, text string) bool {
	parts := append([]string{r.Name, r.Description, r.When}, r.Events...)
	for _, a := range r.Actions {
		parts = append(parts, a.Kind, a.Connection, a.Aim)
	}
	return strings.Contains(strings.ToLower(strings.Join(parts, "\n")), text)
}

func (p *Pages) reload(w http.ResponseWriter, r *http.Request) {
	// The page shows the result.
	_, _, _ = p.Reloader.Reload(r.Context())
	http.Redirect(w, r, "/rules?"+url.Values{"done": {"reload"}}.Encode(), http.StatusSeeOther)
}
