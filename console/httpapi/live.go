package httpapi

import (
	"net/http"
	"strconv"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/live"
	"github.com/gavel-rules/gavel/console/query"
)

// liveEvents streams new events as JSON.
func (a *API) liveEvents(w http.ResponseWriter, r *http.Request) {
	q, err := query.ParseEvents(r.URL.Query(), a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	a.views.Follow(w, r, live.LiveTick, func(s *live.Stream, v *live.View) error {
		events, missed := v.Take()
		if missed > 0 {
			s.Add("missed", strconv.Itoa(missed))
		}
		for _, e := range live.Matching(events, q.Selects) {
			text, err := e.Text.Get(func() (string, error) {
				text, err := answer.Encoded(api.EventOf(e.Record))
				return string(text), err
			})
			if err != nil {
				return err
			}
			s.Add("event", text)
		}
		return nil
	})
}
