package terminal

import (
	"fmt"
	"io"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// RunColumns are the columns of a list of runs.
func RunColumns() []Column {
	return []Column{
		{Name: "CREATED"}, {Name: "RUN"}, {Name: "RULE"}, {Name: "STATUS"}, {Name: "DUE", Drop: 3},
		{Name: "OWNER", Drop: 2, Flexible: true}, {Name: "TITLE", Drop: 1, Flexible: true}, {Name: "REASON", Flexible: true},
	}
}

// RunStatus is the place of the status in RunCells.
const RunStatus = 3

// RunCells returns the cells of a run.
func RunCells(r *event.Run, about api.About) []Cell {
	due := Cell{Text: "-"}
	if !r.Status.Done() {
		due = At(r.Due)
	}
	return []Cell{
		At(r.Created), {Text: r.ID}, {Text: r.Rule}, {Text: string(r.Status), Paint: StatusPaint(r.Status)}, due,
		{Text: about.Owner}, {Text: about.Title}, {Text: r.Reason},
	}
}

// StatusPaint is the color of a status.
func StatusPaint(s event.Status) Paint {
	switch s {
	case event.StatusFailed:
		return Bad
	case event.StatusSucceeded:
		return Good
	case event.StatusWaiting, event.StatusPending, event.StatusRunning:
		return Notice
	case event.StatusCanceled, event.StatusSkipped:
		return Soft
	}
	return Plain
}

// Runs prints the runs of one event, one per row.
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
