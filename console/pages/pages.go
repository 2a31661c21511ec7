// Package pages has the pages of the console, one file each.
package pages

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/below"
	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/console/pages/connection"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/pages/issue"
	"github.com/gavel-rules/gavel/console/pages/manual"
	"github.com/gavel-rules/gavel/console/pages/pause"
	"github.com/gavel-rules/gavel/console/pages/refused"
	"github.com/gavel-rules/gavel/console/pages/rule"
	"github.com/gavel-rules/gavel/console/pages/scheduled"
	"github.com/gavel-rules/gavel/console/theme"
	"github.com/gavel-rules/gavel/report/sheet"
)

// Pages are the pages of the console.
type Pages struct {
	*frame.Frame
	views  *live.Views
	assets *theme.Assets
	sheet  *sheet.Sheet
}

// New returns the pages of a program. An error is about their own embedded
// files.
func New(b backend.Backend, access *access.Access, views *live.Views, prefix below.Prefix) (*Pages, error) {
	p := &Pages{Frame: &frame.Frame{Backend: b, Access: access}, views: views}
	var err error
	if p.assets, err = theme.LoadAssets(); err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	if p.Templates, err = theme.LoadTemplates(p.assets, prefix.Path, b.Now); err != nil {
		return nil, err
	}
	p.sheet, err = sheet.New()
	return p, err
}

// Open adds the addresses that need no authentication.
func (p *Pages) Open(r chi.Router) {
	r.Get("/assets/{hash}/{name}", p.assets.Serve)
	r.Get("/login", p.loginPage)
	r.Post("/login", p.login)
}

// Routes adds the addresses that need authentication.
func (p *Pages) Routes(r chi.Router) {
	r.Post("/logout", p.logout)
	r.Get("/", p.overviewPage)
	r.Get("/search", p.searchPage)
	r.Get("/events", p.eventsPage)
	r.Get("/events/{id}", p.eventPage)
	r.Get("/events/{id}/body", p.eventBody)
	if p.Desk != nil {
		r.Get("/events/{id}/replay", p.replayPage)
		r.Post("/events/{id}/replay", p.replayFromPage)
	}
	r.Get("/runs", p.runsPage)
	for _, verb := range []string{"retry", "cancel"} {
		r.Post("/runs/ask/"+verb, p.askMany(verb))
		r.Post("/runs/"+verb, p.changeMany(verb))
	}
	r.Get("/runs/{id}", p.runPage)
	r.Get("/runs/{id}/mails/{seq}", p.mailPage)
	for verb := range p.Verbs() {
		r.Post("/runs/{id}/"+verb, p.changeFromPage(verb))
	}
	r.Get("/meetings/{id}", p.meetingPage)
	(&rule.Pages{Frame: p.Frame}).Routes(r)
	if p.Analyst != nil {
		r.Get("/analytics", p.analyticsPage)
	}
	if p.Desk != nil {
		r.Get("/playground", p.playgroundPage)
		r.Post("/playground", p.tryRules)
	}
	(&issue.Pages{Frame: p.Frame}).Routes(r)
	(&connection.Pages{Frame: p.Frame}).Routes(r)
	(&refused.Pages{Frame: p.Frame}).Routes(r)
	manual.New(p.Frame).Routes(r)
	if p.Desk != nil {
		(&pause.Pages{Frame: p.Frame}).Routes(r)
		(&scheduled.Pages{Frame: p.Frame}).Routes(r)
	}
	r.Get("/live/events", p.liveEvents)
	r.Get("/live/changes", p.liveChanges)
}

// render responds with a page; see frame.Render.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, page, title string, data any) {
	p.Render(w, r, status, page, title, data)
}

// faultOf responds to a person with an error.
func (p *Pages) faultOf(w http.ResponseWriter, r *http.Request, err error) { p.FaultOf(w, r, err) }
