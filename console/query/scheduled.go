package query

import (
	"net/url"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// ParseScheduled reads the filters of a list of what is to be sent; limit is the
// number of its items, unless the address says another.
func ParseScheduled(values url.Values, now time.Time, limit int) (api.ScheduledQuery, error) {
	p := &Parser{Values: values, Now: now}
	q := api.ScheduledQuery{Rule: p.Text("rule"), Connection: p.Text("connection"), Held: event.PauseKey(p.Text("held")), DueBefore: p.Ahead("due_before"), Limit: limit}
	if values.Get("limit") != "" {
		q.Limit = min(p.limit(), ScheduledMost)
	}
	if cursor := p.Text("cursor"); cursor != "" {
		q.Behind = p.place(cursor)
	}
	return q, p.Err
}

// ScheduledMost is the most runs of one answer: each of them is rendered.
const ScheduledMost = 100

// CursorOfPlace returns the cursor that continues a list behind a run.
func CursorOfPlace(place event.RunPlace) string {
	return strconv.FormatInt(place.Due.UnixMicro(), 10) + "-" + place.ID
}
