// Package scheduled has the page of what is to be sent.
package scheduled

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/exchange"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// Pages are the pages of what is to be sent.
type Pages struct{ *frame.Frame }

// Routes adds the addresses.
func (p *Pages) Routes(r chi.Router) {
	r.Get("/scheduled", p.page)
	r.Get("/runs/{id}/run-now", p.ask(true))
	r.Get("/runs/{id}/postpone", p.ask(false))
	r.Post("/runs/{id}/postpone", p.postpone)
}

// rowsMost is how many runs a page has.
const rowsMost = 30

// view is the page.
type view struct {
	Days   []day
	Filter url.Values
	Rules  []string
	// Connections are those that the rules in force use.
	Connections []string
	Spans       []span
	Active      bool
	Older       string // address of the next page
}

type span struct{ Value, Words string }

func spans() []span {
	return []span{{"1h", "the next hour"}, {"24h", "the next 24 hours"}, {"48h", "the next 48 hours"}, {"7d", "the next 7 days"}}
}

// day are the runs of one day. The zero Start is for those that wait
// until somebody resumes them.
type day struct {
	Start time.Time
	Rows  []row
}

type row struct {
	api.Scheduled
	Messages []message
}

type message struct {
	Kind, Connection, Reason string
	Exchange                 *exchange.Exchange // nil if it is not known
}

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	q, err := query.ParseScheduled(values, p.Now(), rowsMost)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	list, err := p.Desk.Scheduled(r.Context(), q)
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := view{Days: days(list.Items, query.Zone(r)), Filter: values, Spans: spans()}
	for _, name := range []string{"rule", "connection", "due_before", "held"} {
		v.Active = v.Active || values.Get(name) != ""
	}
	if list.Next != nil {
		next := url.Values{}
		for _, name := range []string{"rule", "connection", "due_before", "held"} {
			if values.Get(name) != "" {
				next.Set(name, values.Get(name))
			}
		}
		next.Set("cursor", query.CursorOfPlace(*list.Next))
		v.Older = "/scheduled?" + next.Encode()
	}
	for _, rule := range p.Rules.Rules() {
		v.Rules = append(v.Rules, rule.Name)
	}
	for _, c := range p.Rules.Connections() {
		v.Connections = append(v.Connections, c.Name)
	}
	v.Rules, v.Connections = with(v.Rules, q.Rule), with(v.Connections, q.Connection)
	p.Render(w, r, http.StatusOK, "scheduled", "Scheduled", v)
}

// with adds the chosen name to a list of those to choose from.
func with(list []string, chosen string) []string {
	if chosen == "" || slices.Contains(list, chosen) {
		return list
	}
	return append(list, chosen)
}

// days groups runs by the reader's day on which they go out.
func days(list []api.Scheduled, zone *time.Location) []day {
	var out []day
	for i := range list {
		var start time.Time
		if !list[i].Expected.IsZero() {
			y, m, d := list[i].Expected.In(zone).Date()
			start = time.Date(y, m, d, 0, 0, 0, 0, zone)
		}
		at := slices.IndexFunc(out, func(d day) bool { return d.Start.Equal(start) })
		if at < 0 {
			at = len(out)
			out = append(out, day{Start: start})
		}
		out[at].Rows = append(out[at].Rows, rowOf(list[i], i))
	}
	for _, d := range out {
		slices.SortStableFunc(d.Rows, func(a, b row) int { return a.Expected.Compare(b.Expected) })
	}
	// What somebody has to resume comes last.
	slices.SortStableFunc(out, func(a, b day) int {
		switch {
		case a.Start.IsZero() == b.Start.IsZero():
			return a.Start.Compare(b.Start)
		case a.Start.IsZero():
			return 1
		}
		return -1
	})
	return out
}

// mostMessages bounds the messages of one run that are numbered apart.
const mostMessages = 100

func rowOf(s api.Scheduled, i int) row {
	out := row{Scheduled: s}
	for n, m := range s.Messages {
		one := message{Kind: m.Kind, Connection: m.Connection, Reason: m.Reason}
		if len(m.Effect) > 0 {
			one.Exchange = exchange.Of(&event.Attempt{RunID: s.ID, Seq: int64(i*mostMessages + n), Kind: m.Kind, Request: m.Effect})
		}
		if x := one.Exchange; x != nil && x.Mail != nil {
			x.Mail.HTML = "" // only the mail of an attempt has an address for its frame
		}
		if one.Exchange != nil {
			one.Exchange.Brief = one.Exchange.Summary()
		}
		out.Messages = append(out.Messages, one)
	}
	return out
}

// askView asks before a run is sent now, or at another time.
type askView struct {
	row
	Problem string
	At      string // as typed
	Zone    string
	Now     bool // it is sent now
}

func (p *Pages) ask(now bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { p.showAsk(w, r, http.StatusOK, askView{Now: now}) }
}

func (p *Pages) showAsk(w http.ResponseWriter, r *http.Request, status int, v askView) {
	one, err := p.Desk.Upcoming(r.Context(), query.PathValue(r, "id"))
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	if one.Status.Done() {
		p.Fault(w, r, http.StatusConflict, "Not possible now", "The run has ended. Go back to see its current state.")
		return
	}
	zone := query.Zone(r)
	v.row, v.Zone = rowOf(*one, 0), zone.String()
	if v.At == "" {
		v.At = one.Due.In(zone).Format(typed)
	}
	p.Render(w, r, status, "run-ask", "Send", v)
}

// typed is the format of a browser's field for a date and time.
const typed = "2006-01-02T15:04"

func (p *Pages) postpone(w http.ResponseWriter, r *http.Request) {
	if !p.Form(w, r) {
		return
	}
	id, at := query.PathValue(r, "id"), r.PostFormValue("at")
	until, err := time.ParseInLocation(typed, at, query.Zone(r))
	if err != nil {
		p.showAsk(w, r, http.StatusBadRequest, askView{At: at, Problem: "Write a date and a time, such as 2026-12-24T09:00."})
		return
	}
	err = p.Desk.Postpone(r.Context(), id, until, access.ByPage(r))
	if errors.Is(err, event.ErrInvalid) || errors.Is(err, event.ErrConflict) {
		p.showAsk(w, r, answer.StatusOf(err), askView{At: at, Problem: frame.Sentence(err)})
		return
	}
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	http.Redirect(w, r, query.RunPath(id)+"?done=postpone", http.StatusSeeOther)
}
