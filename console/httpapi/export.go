package httpapi

import (
	"net/http"
	"strconv"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

const (
	// exportBytes is about how large the bodies, or the results, of one page
	// may be together. A page has at least one row.
	exportBytes = event.PageBytes
	// exportRead is how many rows are read at a time, so that not all large
	// ones are in memory at once.
	exportRead = 50
)

// exportEvents sends events with their bodies, oldest first.
func (a *API) exportEvents(w http.ResponseWriter, r *http.Request) {
	q, err := query.ParseEvents(r.URL.Query(), a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	f := q.EventFilter
	f.OldestFirst, f.After, f.Before = true, f.Before, 0
	read := func(most int) ([]*event.Record, bool, error) {
		f.Limit, f.Bytes = most, event.PageBytes
		found, err := a.Ledger.Events(r.Context(), f)
		return found, !f.Ended(found), err
	}
	page, err := exported(q.Limit, read, func(rec *event.Record) (event.Line, int, string) {
		f.After = rec.Seq
		return event.LineOf(rec), len(rec.Event.Body), strconv.FormatInt(rec.Seq, 10)
	})
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, page)
}

// exportRuns sends runs with their results, oldest first.
func (a *API) exportRuns(w http.ResponseWriter, r *http.Request) {
	f, err := query.ParseRuns(r.URL.Query(), a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	limit := f.Limit
	f.OldestFirst, f.After, f.Before, f.Results = true, f.Before, "", true
	read := func(most int) ([]*event.Run, bool, error) {
		f.Limit = most
		found, err := a.Ledger.Runs(r.Context(), f)
		return found, len(found) == most, err
	}
	page, err := exported(limit, read, func(run *event.Run) (*event.Run, int, string) {
		size := 0
		for _, raw := range run.Results {
			size += len(raw)
		}
		f.After = run.ID
		return run, size, run.ID
	})
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, page)
}

// exported collects one page of an export. read returns up to most rows after
// the last one taken, and whether there may be more; take converts a row and returns its size in bytes and
// the cursor that continues after it.
func exported[Row, Item any](limit int, read func(most int) ([]Row, bool, error), take func(Row) (item Item, size int, cursor string)) (api.Page[Item], error) {
	page, total, last := api.Page[Item]{Items: []Item{}}, 0, ""
	for {
		most := min(exportRead, limit-len(page.Items)+1) // one more tells whether there are more
		found, more, err := read(most)
		if err != nil {
			return page, err
		}
		for _, row := range found {
			if len(page.Items) == limit || total >= exportBytes {
				page.Next = last
				return page, nil
			}
			item, size, cursor := take(row)
			page.Items = append(page.Items, item)
			total, last = total+size, cursor
		}
		if !more {
			return page, nil
		}
	}
}
