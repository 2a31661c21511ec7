package httpapi

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

func (a *API) events(w http.ResponseWriter, r *http.Request) {
	q, err := query.ParseEvents(r.URL.Query(), a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	list, err := query.FindEvents(r.Context(), a.Ledger, q)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	events, err := query.ListedEvents(r.Context(), a.Ledger, list.Events)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, api.Page[api.Event]{Items: events, Next: list.Next})
}

func (a *API) event(w http.ResponseWriter, r *http.Request) {
	id, ok := a.eventID(w, r)
	if !ok {
		return
	}
	rec, err := a.Ledger.Event(r.Context(), id)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	runs, err := a.Ledger.Runs(r.Context(), event.RunFilter{EventID: rec.Event.Ref(), Limit: api.MaxEventRuns})
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, api.EventDetailOf(rec, runs))
}

func (a *API) meeting(w http.ResponseWriter, r *http.Request) {
	m, err := query.ReadMeeting(r.Context(), a.Ledger, query.PathValue(r, "id"))
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	memory := []api.Remembered{}
	if a.Desk != nil {
		if memory, err = a.Desk.Remembered(r.Context(), m.State); err != nil {
			a.problemOf(w, r, err)
			return
		}
	}
	answer.JSON(w, r, api.Meeting{
		ID: m.State.MeetingID, Canceled: m.State.Canceled, Reschedules: m.State.Reschedules,
		Meeting: m.State.Newest.Event.Meeting, Events: api.EventsOf(m.Events), Runs: orEmpty(m.Runs), Memory: memory,
	})
}
