package pages

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// eventsView is the page of events.
type eventsView struct {
	Rows    []eventRow
	Filter  url.Values
	Types   []string
	Spans   []span
	Active  bool        // some filter is set
	Older   string      // address of the next page
	First   bool        // this is the newest page
	Newest  string      // address of the newest page
	Live    string      // address of the live view
	Looked  *lookedView // of a search
	Webhook string      // address of the receiver
}

func (p *Pages) eventsPage(w http.ResponseWriter, r *http.Request) {
	values := filled(r.URL.Query())
	q, err := query.ParseEvents(values, p.Now())
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	list, err := query.FindEvents(r.Context(), p.Ledger, q)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	filter := without(values, "cursor", "limit", "done")
	v := eventsView{
		Filter: filter, Active: len(filter) > 0, First: values.Get("cursor") == "", Spans: with(spans(), filter.Get("since")),
		Types: typeChoices(q.Type), Older: following("/events", values, list.Next),
		Newest: "/events?" + filter.Encode(), Live: "/live/events?" + filter.Encode(),
		Webhook: p.WebhookURL(),
	}
	if !q.Search.Empty() {
		if v.Looked, err = p.looked(r.Context(), list, !v.First, filter.Get("since") != ""); err != nil {
			p.faultOf(w, r, err)
			return
		}
	}
	failed, err := query.FailedOf(r.Context(), p.Ledger, list.Events)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	for _, rec := range list.Events {
		row := rowOf(rec)
		row.Failed = failed[rec.Seq]
		v.Rows = append(v.Rows, row)
	}
	days(v.Rows, query.Zone(r), func(row *eventRow) (time.Time, *string) { return row.Received, &row.Day })
	p.render(w, r, http.StatusOK, "events", "Events", v)
}

// typeChoices returns the types to choose from, including the present one.
func typeChoices(present string) []string {
	types := slices.Concat(event.Types(), []string{own.Prefix + "*"}, own.Types())
	if present != "" && !slices.Contains(types, present) {
		types = append(types, present)
	}
	return types
}
