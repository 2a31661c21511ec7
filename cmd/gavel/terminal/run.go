package terminal

import (
	"fmt"
	"io"

	"github.com/gavel-rules/gavel/event"
)

// Runs prints runs, one per row.
func Runs(w io.Writer, runs []*event.Run) error {
	rows := make([][]string, 0, len(runs))
	for _, r := range runs {
		due := "-"
		if !r.Status.Done() {
			due = Clock(r.Due)
		}
		rows = append(rows, []string{Clock(r.Created), r.ID, r.Rule, string(r.Status), due, r.Reason})
	}
	return Table(w, []string{"CREATED", "RUN", "RULE", "STATUS", "DUE", "REASON"}, rows)
}

// ActionOf names the action of a line in the history of a run.
func ActionOf(a event.Attempt) string {
	if a.Action < 0 {
		return "(run)"
	}
	return fmt.Sprintf("%s (%s, try %d)", a.ActionID, a.Kind, a.Try)
}
