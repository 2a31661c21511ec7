package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

const (
	// exportBytes is about how large the bodies, or the results, of one page may
	// be together. A page has one row at least.
	exportBytes = 8 << 20
	// exportRead is how many rows are read at a time, so that large ones are
	// not all in memory before they are measured.
	exportRead = 50
)

// apiExportEvents sends events with their bodies, oldest first.
func (c *Console) apiExportEvents(w http.ResponseWriter, r *http.Request) {
	f, err := parseEventExport(r.URL.Query(), c.Now())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	page, err := c.exportEvents(r.Context(), f)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, page)
}

func (c *Console) exportEvents(ctx context.Context, f event.EventFilter) (api.Page[event.Line], error) {
	page, limit, size := api.Page[event.Line]{Items: []event.Line{}}, f.Limit, 0
	for {
		f.Limit = min(exportRead, limit-len(page.Items)+1) // one more tells whether there are more
		found, err := c.Ledger.Events(ctx, f)
		if err != nil {
			return page, err
		}
		for _, rec := range found {
			if len(page.Items) == limit || size > exportBytes {
				page.Next = strconv.FormatInt(f.After, 10)
				return page, nil
			}
			page.Items = append(page.Items, event.LineOf(rec))
			size += len(rec.Event.Body)
			f.After = rec.Seq
		}
		if len(found) < f.Limit {
			return page, nil
		}
	}
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
	f.Results = true
	page, err := c.exportRuns(r.Context(), f)
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	answer(w, r, page)
}

// exportRuns reads runs with their results as exportEvents reads bodies.
func (c *Console) exportRuns(ctx context.Context, f event.RunFilter) (api.Page[*event.Run], error) {
	page, limit, size := api.Page[*event.Run]{Items: []*event.Run{}}, f.Limit, 0
	for {
		f.Limit = min(exportRead, limit-len(page.Items)+1) // one more tells whether there are more
		found, err := c.Ledger.Runs(ctx, f)
		if err != nil {
			return page, err
		}
		for _, run := range found {
			if len(page.Items) == limit || size > exportBytes {
				page.Next = f.After
				return page, nil
			}
			page.Items = append(page.Items, run)
			for _, raw := range run.Results {
				size += len(raw)
			}
			f.After = run.ID
		}
		if len(found) < f.Limit {
			return page, nil
		}
	}
}
