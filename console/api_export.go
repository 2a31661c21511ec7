package console

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// exportBytes is about how large the bodies of one page may be together. A page
// has one event at least.
const exportBytes = 8 << 20

// apiExportEvents sends events with their bodies, oldest first.
func (c *Console) apiExportEvents(w http.ResponseWriter, r *http.Request) {
	f, err := parseEventExport(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	f.Limit++
	found, err := c.Ledger.Events(r.Context(), f)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	page := api.Page[event.Line]{Items: []event.Line{}}
	size := 0
	for _, rec := range found {
		if len(page.Items) == f.Limit-1 || size > exportBytes {
			page.Next = strconv.FormatInt(page.Items[len(page.Items)-1].Seq, 10)
			break
		}
		page.Items = append(page.Items, event.LineOf(rec))
		size += len(rec.Event.Body)
	}
	answer(w, r, page)
}

func parseEventExport(values url.Values, now time.Time) (event.EventFilter, error) {
	q, err := parseEventQuery(values, now)
	f := q.EventFilter
	f.OldestFirst, f.After, f.Before = true, f.Before, 0
	return f, err
}

// apiExportRuns sends runs, oldest first.
func (c *Console) apiExportRuns(w http.ResponseWriter, r *http.Request) {
	f, err := parseRunQuery(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	f.OldestFirst, f.After, f.Before = true, f.Before, ""
	list, err := c.findRuns(r.Context(), f)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, api.Page[*event.Run]{Items: orEmpty(list.Runs), Next: list.Next})
}
