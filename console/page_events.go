package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// eventRow is an event in a list.
type eventRow struct {
	ID, Type          string
	Received          time.Time
	Title, Owner, Who string
	MeetingID         string
	Runs, Deliveries  int
	Late              bool
}

func rowOf(rec *event.Record) eventRow {
	ev := rec.Event
	row := eventRow{
		ID: ev.ID, Type: ev.Type, Received: ev.Received, MeetingID: ev.Meeting.ID,
		Title: ev.Meeting.Info.MeetingName, Owner: ev.Meeting.Owner.Username,
		Who:  firstOf(ev.Meeting.Info.PrimaryInviteeName, ev.Meeting.Info.PrimaryInvitee),
		Runs: rec.Runs, Deliveries: rec.Deliveries, Late: rec.Late,
	}
	if !ev.HasMeeting() {
		row.Title = firstOf(ev.Change.Setting.Title, ev.Change.Setting.Name, ev.Test.WebhookEndpoint)
		row.Owner = firstOf(ev.Change.ModifiedBy.Username, ev.Test.Username)
	}
	return row
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// eventsView is the page of events.
type eventsView struct {
	Rows    []eventRow
	Filter  url.Values
	Types   []string
	Spans   []span
	Active  bool   // some filter is set
	Older   string // address of the next page
	First   bool   // this is the newest page
	Newest  string // address of the newest page
	Live    string // address of the live view
	Scanned int
}

// span is a choice of how far back to look.
type span struct{ Value, Words string }

func spans() []span {
	return []span{{"1h", "last hour"}, {"24h", "last 24 hours"}, {"7d", "last 7 days"}, {"30d", "last 30 days"}}
}

func (c *Console) eventsPage(w http.ResponseWriter, r *http.Request) {
	values := filled(r.URL.Query())
	q, err := parseEventQuery(values, c.Now())
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	list, err := c.findEvents(r.Context(), q)
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	filter := without(values, "cursor", "limit", "done")
	v := eventsView{
		Filter: filter, Active: len(filter) > 0, First: values.Get("cursor") == "", Spans: with(spans(), filter.Get("since")),
		Types: typeChoices(q.Type), Older: following("/events", values, list.Next),
		Newest: "/events?" + filter.Encode(), Live: "/live/events?" + filter.Encode(), Scanned: list.Scanned,
	}
	for _, rec := range list.Events {
		v.Rows = append(v.Rows, rowOf(rec))
	}
	c.render(w, r, http.StatusOK, "events", "Events", v)
}

// typeChoices are the types to choose from, the present one included.
func typeChoices(present string) []string {
	types := event.Types()
	if present != "" && !slices.Contains(types, present) {
		types = append(types, present)
	}
	return types
}

// filled leaves out what a form sends empty, so that addresses stay short.
func filled(values url.Values) url.Values {
	out := url.Values{}
	for name, v := range values {
		if len(v) > 0 && strings.TrimSpace(v[0]) != "" {
			out.Set(name, v[0])
		}
	}
	return out
}

func without(values url.Values, names ...string) url.Values {
	out := url.Values{}
	for name := range values {
		if !slices.Contains(names, name) {
			out.Set(name, values.Get(name))
		}
	}
	return out
}

// following is the address of the next page of a list; empty at the end.
func following(path string, values url.Values, next string) string {
	if next == "" {
		return ""
	}
	v := without(values, "done")
	v.Set("cursor", next)
	return path + "?" + v.Encode()
}

// searchPage leads to what has exactly this id, or to the list of events that
// hold the text.
func (c *Console) searchPage(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if text == "" || len(text) > maxFilter {
		http.Redirect(w, r, "/events", http.StatusSeeOther)
		return
	}
	ctx := r.Context()
	target := "/events?" + url.Values{"q": {text}}.Encode()
	if _, err := c.Ledger.Event(ctx, text); err == nil {
		target = eventPath(text)
	} else if errors.Is(err, event.ErrConflict) {
		// Several organisations use the id: the list has them all.
	} else if !errors.Is(err, event.ErrNotFound) {
		c.faultOf(w, r, err)
		return
	} else if _, err := c.Ledger.Run(ctx, text); err == nil {
		target = runPath(text)
	} else if _, err := c.Ledger.Meeting(ctx, text); err == nil {
		target = meetingPath(text)
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}
