package pages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/console/query"
)

const (
	// liveMost is how many events a page gets at once; more would not fit.
	liveMost = 20
	// changeTick is the shortest time between two messages that something has
	// changed.
	changeTick = 2 * time.Second
)

// liveEvents streams new events as HTML rows of the list.
func (p *Pages) liveEvents(w http.ResponseWriter, r *http.Request) {
	q, err := query.ParseEvents(r.URL.Query(), p.Now())
	if err != nil {
		answer.Failure(w, r, p.Logger, err)
		return
	}
	p.views.Follow(w, r, live.LiveTick, func(s *live.Stream, v *live.View) error { return p.addRows(s, v, &q) })
}

// addRows adds the newest of the new events, and how many more there were.
func (p *Pages) addRows(s *live.Stream, v *live.View, q *query.EventQuery) error {
	events, missed := v.Take()
	events = live.Matching(events, q.Selects)
	if over := len(events) - liveMost; over > 0 {
		missed += over
		events = events[over:]
	}
	if missed > 0 {
		s.Add("missed", strconv.Itoa(missed))
	}
	if len(events) == 0 {
		return nil
	}
	var rows strings.Builder
	for _, e := range slices.Backward(events) {
		html, err := e.Row.Get(func() (string, error) {
			return p.Templates.Fragment("events", "event-rows", []eventRow{rowOf(e.Record)})
		})
		if err != nil {
			return err
		}
		rows.WriteString(html)
	}
	s.Add("rows", rows.String())
	return nil
}

// liveChanges tells a page that something has changed, so that it fetches
// itself again.
func (p *Pages) liveChanges(w http.ResponseWriter, r *http.Request) {
	p.views.Follow(w, r, changeTick, func(s *live.Stream, v *live.View) error {
		if v.Changed() {
			s.Add("changed", "now")
		}
		return nil
	})
}
