package report

import (
	"fmt"
	"io"
	"strconv"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/report"
)

func printText(w io.Writer, r *report.Report) error {
	fmt.Fprintf(w, "%s to %s, days of %s\n\n", r.From.Format("2006-01-02"), r.To.In(r.From.Location()).Format("2006-01-02 15:04"), r.Zone)
	if r.Totals.All() == 0 && r.FollowUps.All() == 0 {
		_, err := fmt.Fprintln(w, "no meeting was booked, moved or canceled in this time")
		return err
	}
	fmt.Fprintf(w, "booked          %d\nmoved           %d\ncanceled        %d, %d of them (%s) less than %s before the meeting\n",
		r.Totals.Booked, r.Totals.Moved, r.Totals.Canceled, r.Totals.CanceledLate, report.Percent(r.Totals.LateShare()), r.Late())
	if r.Lead.Meetings > 0 {
		fmt.Fprintf(w, "booked ahead    median %s, half of them between %s and %s\n", report.Ahead(r.Lead.MedianSeconds), report.Ahead(r.Lead.LowerSeconds), report.Ahead(r.Lead.UpperSeconds))
	}
	f := r.FollowUps
	fmt.Fprintf(w, "follow-ups      %d sent, %d dropped, %d failed, %d skipped, %d waiting\n", f.Sent, f.Dropped, f.Failed, f.Skipped, f.Waiting)
	var days [][]string
	for _, d := range r.Days {
		if d.All() > 0 {
			days = append(days, row(d.Date, d.Counts))
		}
	}
	for _, t := range []struct {
		title string
		rows  [][]string
	}{{"DAY", days}, {"OWNER", groupRows(r.Owners)}, {"CALENDAR", groupRows(r.Calendars)}} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintln(w)
		if err := terminal.Table(w, []string{t.title, "BOOKED", "MOVED", "CANCELED", "LATE"}, t.rows); err != nil {
			return err
		}
	}
	if len(f.Rules) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	var rows [][]string
	for _, c := range f.Rules {
		rows = append(rows, []string{c.Rule, strconv.Itoa(c.Sent), strconv.Itoa(c.Dropped), strconv.Itoa(c.Failed), strconv.Itoa(c.Skipped), strconv.Itoa(c.Waiting)})
	}
	return terminal.Table(w, []string{"FOLLOW-UPS OF", "SENT", "DROPPED", "FAILED", "SKIPPED", "WAITING"}, rows)
}

func row(name string, c report.Counts) []string {
	return []string{name, strconv.Itoa(c.Booked), strconv.Itoa(c.Moved), strconv.Itoa(c.Canceled), strconv.Itoa(c.CanceledLate)}
}

func groupRows(g report.Groups) [][]string {
	var rows [][]string
	for _, group := range g.Top {
		name := group.Name
		if name == "" {
			name = "(none)"
		}
		rows = append(rows, row(name, group.Counts))
	}
	if g.OtherNames > 0 {
		rows = append(rows, row("(all others)", g.Others))
	}
	return rows
}
