// Package pause has the pages that stop what goes out and let it go on.
package pause

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// Pages are the pages about pauses.
type Pages struct{ *frame.Frame }

// Routes adds the addresses.
func (p *Pages) Routes(r chi.Router) {
	r.Get("/pauses", p.list)
	r.Get("/pauses/new", p.ask)
	r.Post("/pauses", p.pause)
	r.Get("/pauses/resume", p.askResume)
	r.Post("/pauses/resume", p.resume)
}

// listView is everything that is paused, and what could be.
type listView struct {
	Pauses      []api.Pause
	All         bool // everything is paused
	Rules       []string
	Connections []string
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) {
	list, err := p.Desk.Pauses(r.Context())
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := listView{Pauses: list}
	paused := map[event.PauseKey]bool{}
	for _, one := range list {
		paused[one.Key] = true
	}
	v.All = paused[event.PauseAll]
	for _, rule := range p.Rules.Rules() {
		if !rule.Disabled && !paused[event.PauseRule(rule.Name)] {
			v.Rules = append(v.Rules, rule.Name)
		}
	}
	for _, c := range p.Rules.Connections() {
		if !paused[event.PauseConnection(c.Name)] {
			v.Connections = append(v.Connections, c.Name)
		}
	}
	p.Render(w, r, http.StatusOK, "pauses", "Pauses", v)
}

// askView asks before something is paused.
type askView struct {
	Key      event.PauseKey
	Waiting  int // runs that wait or are due, of a rule
	More     bool
	Problem  string
	For, Why string
	Spans    []span
}

type span struct{ Value, Words string }

// spans are the lengths that the form offers.
func spans() []span {
	return []span{
		{"", "until somebody resumes it"}, {"30m", "30 minutes"}, {"1h", "1 hour"}, {"2h", "2 hours"}, {"8h", "8 hours"}, {"1d", "1 day"}, {"3d", "3 days"}, {"7d", "7 days"},
	}
}

// countedMost bounds how many waiting runs of a rule are counted.
const countedMost = 500

// keyOf returns what the address names: all, rule/NAME or connection/NAME.
func keyOf(values url.Values) (event.PauseKey, error) {
	key := event.PauseKey(values.Get("key"))
	switch {
	case key == event.PauseAll, key.Rule() != "", key.Connection() != "":
		return key, nil
	case values.Get("rule") != "": // of a list to choose from
		return event.PauseRule(values.Get("rule")), nil
	case values.Get("connection") != "":
		return event.PauseConnection(values.Get("connection")), nil
	}
	return "", answer.Invalid("choose a rule, a connection or everything")
}

func (p *Pages) ask(w http.ResponseWriter, r *http.Request) {
	key, err := keyOf(r.URL.Query())
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	if p.Paused != nil && slices.ContainsFunc(p.Paused(), func(one event.Pause) bool { return one.Key == key }) {
		http.Redirect(w, r, "/pauses/resume?key="+url.QueryEscape(string(key)), http.StatusSeeOther)
		return
	}
	p.showAsk(w, r, http.StatusOK, askView{Key: key})
}

func (p *Pages) showAsk(w http.ResponseWriter, r *http.Request, status int, v askView) {
	v.Spans = spans()
	if rule := v.Key.Rule(); rule != "" {
		runs, err := p.Ledger.Runs(r.Context(), event.RunFilter{
			Rule: rule, Statuses: []event.Status{event.StatusWaiting, event.StatusPending}, Limit: countedMost + 1,
		})
		if err != nil {
			p.FaultOf(w, r, err)
			return
		}
		v.Waiting, v.More = min(len(runs), countedMost), len(runs) > countedMost
	}
	p.Render(w, r, status, "pause", "Pause", v)
}

func (p *Pages) pause(w http.ResponseWriter, r *http.Request) {
	if !p.Form(w, r) {
		return
	}
	key, err := keyOf(r.PostForm)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	request := api.PauseRequest{For: r.PostForm.Get("for"), Reason: r.PostForm.Get("reason")}
	_, err = p.Desk.Pause(r.Context(), key, request, access.ByPage(r))
	if errors.Is(err, event.ErrInvalid) || errors.Is(err, event.ErrConflict) {
		p.showAsk(w, r, answer.StatusOf(err), askView{Key: key, Problem: frame.Sentence(err), For: request.For, Why: request.Reason})
		return
	}
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	done(w, r, key, "pause")
}

// resumeView asks before a pause ends.
type resumeView struct{ *api.Resumption }

func (p *Pages) askResume(w http.ResponseWriter, r *http.Request) {
	key, err := keyOf(r.URL.Query())
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	plan, err := p.Desk.Resume(r.Context(), key, api.ResumeRequest{}, access.ByPage(r))
	if errors.Is(err, event.ErrNotFound) {
		p.Fault(w, r, http.StatusNotFound, "It is not paused", "The pause has ended, or somebody resumed it.")
		return
	}
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	p.Render(w, r, http.StatusOK, "resume", "Resume", resumeView{plan})
}

func (p *Pages) resume(w http.ResponseWriter, r *http.Request) {
	if !p.Form(w, r) {
		return
	}
	key, err := keyOf(r.PostForm)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	// Nobody is told off for a pause that has ended meanwhile.
	if _, err := p.Desk.Resume(r.Context(), key, api.ResumeRequest{Confirm: true}, access.ByPage(r)); err != nil && !errors.Is(err, event.ErrNotFound) {
		p.FaultOf(w, r, err)
		return
	}
	done(w, r, key, "resume")
}

// done leads to what was paused or resumed.
func done(w http.ResponseWriter, r *http.Request, key event.PauseKey, verb string) {
	to := "/pauses"
	if name := key.Connection(); name != "" {
		to = query.ConnectionPath(name)
	}
	http.Redirect(w, r, to+"?done="+verb, http.StatusSeeOther)
}
