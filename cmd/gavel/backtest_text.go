package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rehearse"
)

// backtestHead says in one line what was played.
func backtestHead(b *rehearse.Backtest) string {
	if b.Events == 0 {
		return "no events are stored for this time"
	}
	return fmt.Sprintf("%s from %s to %s, rules of revision %s against %s",
		counted(b.Events, "event", "events"), clock(b.From), clock(b.To), b.Revision, against(b))
}

func against(b *rehearse.Backtest) string {
	if b.Against == rehearse.ReallyRan {
		return b.Against
	}
	return "revision " + b.Against
}

var backtestColumns = []string{"RULE", "MATCHED", "THEN", "NEW", "GONE", "CHANGED", "WOULD SEND", "MAY SEND", "WAITS", "MOVED", "DROPPED", "SKIPPED", "FAILED", "ERRORS"}

func backtestRow(t *rehearse.RuleTally) []string {
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

func backtestText(w io.Writer, b *rehearse.Backtest) error {
	out := terminalSafe{w}
	if _, err := fmt.Fprintln(out, backtestHead(b)); err != nil || b.Events == 0 {
		return err
	}
	fmt.Fprintln(out)
	var rows [][]string
	for _, t := range b.Rules {
		rows = append(rows, backtestRow(t))
	}
	if err := table(w, backtestColumns, rows); err != nil {
		return err
	}
	for _, t := range b.Rules {
		for _, line := range backtestNotes(t) {
			if _, err := fmt.Fprintln(out, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// backtestNotes are the lines below the table for one rule.
func backtestNotes(t *rehearse.RuleTally) []string {
	var lines []string
	for _, s := range t.Samples {
		lines = append(lines, fmt.Sprintf("  %s  event %s  %s  %s", clock(s.At), s.EventID, s.Kind, compact(s.Request, shownValue)))
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
		lines = append(lines, fmt.Sprintf("  %s still waiting at the end", counted(t.Asleep, "run", "runs")))
	}
	if t.Error != "" {
		lines = append(lines, "  the first error: "+t.Error)
	}
	if len(lines) == 0 {
		return nil
	}
	return append([]string{"", t.Rule}, lines...)
}

// backtestMarkdown writes what a pull request shows: the table, and details
// folded away.
func backtestMarkdown(w io.Writer, b *rehearse.Backtest) error {
	var out strings.Builder
	out.WriteString("### Back-test of rules\n\n" + markdownText(backtestHead(b)) + "\n")
	if b.Events > 0 {
		out.WriteString("\n| " + strings.Join(lowered(backtestColumns), " | ") + " |\n|" + strings.Repeat(" --- |", len(backtestColumns)) + "\n")
		for _, t := range b.Rules {
			row := backtestRow(t)
			for i := range row {
				row[i] = markdownText(row[i])
			}
			out.WriteString("| " + strings.Join(row, " | ") + " |\n")
		}
		for _, t := range b.Rules {
			notes := backtestNotes(t)
			if len(notes) == 0 {
				continue
			}
			out.WriteString("\n<details><summary>" + markdownText(t.Rule) + "</summary>\n\n")
			for _, line := range notes[2:] {
				out.WriteString("- " + markdownText(strings.TrimSpace(line)) + "\n")
			}
			out.WriteString("\n</details>\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func lowered(columns []string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = strings.ToLower(c)
	}
	return out
}

// markdownText keeps what strangers typed from being read as Markdown, HTML or
// a mention.
func markdownText(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "@", "&#64;", "#", `\#`, "!", `\!`,
	).Replace(printable(s))
}
