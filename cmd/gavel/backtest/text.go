package backtest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/rehearse"
)

// headline returns one line about what was played.
func headline(b *rehearse.Backtest) string {
	if b.Events == 0 {
		return "no events are stored for this time"
	}
	line := fmt.Sprintf("%s from %s to %s, rules of revision %s against %s",
		terminal.Counted(b.Events, "event", "events"), terminal.Clock(b.From), terminal.Clock(b.To), b.Revision, against(b))
	if b.Cut != "" {
		line += "; " + cut(b)
	}
	return line
}

func against(b *rehearse.Backtest) string {
	if b.Against == rehearse.ReallyRan {
		return b.Against
	}
	return "revision " + b.Against
}

var columns = []string{"RULE", "MATCHED", "THEN", "NEW", "GONE", "CHANGED", "WOULD SEND", "MAY SEND", "WAITS", "MOVED", "DROPPED", "SKIPPED", "FAILED", "ERRORS"}

func rowOf(t *rehearse.RuleTally) []string {
	name := t.Rule
	if !t.Known {
		name += " (not in these rules)"
	}
	row := []string{name}
	for _, n := range []int{t.Matched, t.Then, t.New, t.Gone, t.Changed} {
		row = append(row, strconv.Itoa(n))
	}
	row = append(row, byKind(t.Sends), byKind(t.MaySend))
	for _, n := range []int{t.Waits, t.Moved, t.Dropped, t.Skipped, t.Failed, t.Errors} {
		row = append(row, strconv.Itoa(n))
	}
	return row
}

func byKind(counts map[string]int) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[kind], kind))
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

func printText(w io.Writer, b *rehearse.Backtest) error {
	out := terminal.SafeWriter(w)
	if _, err := fmt.Fprintln(out, headline(b)); err != nil || b.Events == 0 {
		return err
	}
	fmt.Fprintln(out)
	var rows [][]string
	for _, t := range b.Rules {
		rows = append(rows, rowOf(t))
	}
	if err := terminal.Table(w, columns, rows); err != nil {
		return err
	}
	for _, t := range b.Rules {
		for _, line := range notesOf(t) {
			if _, err := fmt.Fprintln(out, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// notesOf returns the lines below the table for one rule.
func notesOf(t *rehearse.RuleTally) []string {
	var lines []string
	for _, s := range t.Samples {
		lines = append(lines, fmt.Sprintf("  %s  event %s  %s  %s", terminal.Clock(s.At), s.EventID, s.Kind, terminal.Compact(s.Request, terminal.ShownValue)))
	}
	if len(t.NewEvents) > 0 {
		lines = append(lines, fmt.Sprintf("  new, such as %s", strings.Join(t.NewEvents, ", ")))
	}
	if len(t.GoneEvents) > 0 {
		lines = append(lines, fmt.Sprintf("  gone, such as %s", strings.Join(t.GoneEvents, ", ")))
	}
	for _, c := range t.Changes {
		lines = append(lines, "  changed, event "+c.EventID)
		for line := range strings.Lines(c.Diff) {
			lines = append(lines, "    "+strings.TrimRight(line, "\n"))
		}
	}
	if t.Asleep > 0 {
		lines = append(lines, fmt.Sprintf("  %s still waiting at the end", terminal.Counted(t.Asleep, "run", "runs")))
	}
	if t.Upcoming != nil {
		lines = append(lines, fmt.Sprintf("  applied now, %s; see: gavel rules apply %s --upcoming --dry-run", t.Upcoming.Sentence(), t.Rule))
	}
	if t.Error != "" {
		lines = append(lines, "  the first error: "+t.Error)
	}
	if len(lines) == 0 {
		return nil
	}
	return append([]string{"", t.Rule}, lines...)
}
