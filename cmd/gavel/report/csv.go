package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/gavel-rules/gavel/export"
	"github.com/gavel-rules/gavel/report"
)

// printCSV writes one number per row, so that all tables fit into one file.
func printCSV(w io.Writer, r *report.Report) error {
	out := csv.NewWriter(w)
	put := func(table, name, measure string, value int64) {
		// Error, below, returns the first error.
		_ = out.Write([]string{table, export.Cell(name), measure, strconv.FormatInt(value, 10)})
	}
	counts := func(table, name string, c report.Counts) {
		put(table, name, "booked", int64(c.Booked))
		put(table, name, "moved", int64(c.Moved))
		put(table, name, "canceled", int64(c.Canceled))
		put(table, name, "canceled_late", int64(c.CanceledLate))
	}
	followUps := func(name string, c report.FollowUpCounts) {
		put("follow_ups", name, "sent", int64(c.Sent))
		put("follow_ups", name, "dropped", int64(c.Dropped))
		put("follow_ups", name, "failed", int64(c.Failed))
		put("follow_ups", name, "skipped", int64(c.Skipped))
		put("follow_ups", name, "waiting", int64(c.Waiting))
	}
	groups := func(table string, g report.Groups) {
		for _, group := range g.Top {
			counts(table, group.Name, group.Counts)
		}
		if g.OtherNames > 0 {
			counts(table, "(all others)", g.Others)
		}
	}
	_ = out.Write([]string{"table", "name", "measure", "value"}) // as above
	counts("total", "", r.Totals)
	for _, d := range r.Days {
		counts("day", d.Date, d.Counts)
	}
	groups("owner", r.Owners)
	groups("calendar", r.Calendars)
	put("lead_time", "", "lower_quartile_seconds", r.Lead.LowerSeconds)
	put("lead_time", "", "median_seconds", r.Lead.MedianSeconds)
	put("lead_time", "", "upper_quartile_seconds", r.Lead.UpperSeconds)
	for _, b := range r.Lead.Histogram {
		put("lead_time", b.Label, "meetings", int64(b.Meetings))
	}
	followUps("", r.FollowUps.FollowUpCounts)
	for _, c := range r.FollowUps.Rules {
		followUps(c.Rule, c.FollowUpCounts)
	}
	out.Flush()
	return out.Error()
}
