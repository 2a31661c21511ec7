package export

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// RunSource provides runs.
type RunSource interface {
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
}

// Runs selects the runs to export; its order and limit are ignored.
type Runs event.RunFilter

// Write exports runs, oldest first, and returns the cursor after the last one,
// also with an error. It stops when ctx ends.
func (r Runs) Write(ctx context.Context, src RunSource, o Options) (Result, error) {
	columns := runColumns()
	if o.Format == CSV && !o.NoHeader {
		if err := writeHeader(o.To, columns); err != nil {
			return Result{}, err
		}
	}
	f := event.RunFilter(r)
	f.OldestFirst, f.Limit, f.Results = true, resultPage, true
	x := &stream[*event.Run]{
		opts: o,
		format: func() format[*event.Run] {
			return func(dst []byte, run *event.Run) ([]byte, bool, error) {
				if o.Format == CSV {
					return appendRow(dst, columns, run), true, nil
				}
				dst, err := appendJSON(dst, run)
				return dst, true, err
			}
		},
		next: func(ctx context.Context, cursor string) ([]*event.Run, bool, error) {
			f.After = cursor
			list, err := src.Runs(ctx, f)
			return list, len(list) == resultPage, err
		},
		cursor: func(run *event.Run) string { return run.ID },
		at:     func(run *event.Run) time.Time { return run.Created },
	}
	return x.run(ctx)
}

// runColumns are documented in docs/analytics.md.
func runColumns() []column[*event.Run] {
	return []column[*event.Run]{
		{"id", func(r *event.Run) string { return r.ID }},
		{"event_id", func(r *event.Run) string { return r.EventID }},
		{"event_type", func(r *event.Run) string { return r.EventType }},
		{"meeting_id", func(r *event.Run) string { return r.MeetingID }},
		{"rule", func(r *event.Run) string { return r.Rule }},
		{"revision", func(r *event.Run) string { return r.Revision }},
		{"shadow", func(r *event.Run) string { return strconv.FormatBool(r.Shadow) }},
		{"status", func(r *event.Run) string { return string(r.Status) }},
		{"reason", func(r *event.Run) string { return r.Reason }},
		{"follow", func(r *event.Run) string { return strconv.FormatBool(r.Follow) }},
		{"created", func(r *event.Run) string { return timeText(r.Created) }},
		{"due", func(r *event.Run) string { return timeText(r.Due) }},
		{"updated", func(r *event.Run) string { return timeText(r.Updated) }},
		{"finished", func(r *event.Run) string { return timeText(r.Finished) }},
		{"next", func(r *event.Run) string { return strconv.Itoa(r.Next) }},
		{"tries", func(r *event.Run) string { return strconv.Itoa(r.Tries) }},
		{"results", results},
	}
}

// results are what the finished actions returned, as JSON.
func results(r *event.Run) string {
	if len(r.Results) == 0 {
		return ""
	}
	raw, err := json.Marshal(r.Results)
	if err != nil {
		return "" // not reached: results are stored as valid JSON
	}
	return string(raw)
}
