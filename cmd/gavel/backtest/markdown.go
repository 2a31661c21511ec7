package backtest

import (
	"io"
	"strings"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/rehearse"
)

// printMarkdown writes Markdown for a pull request: the table, and folded
// details.
func printMarkdown(w io.Writer, b *rehearse.Backtest) error {
	var out strings.Builder
	out.WriteString("### Back-test of rules\n\n" + markdownText(headline(b)) + "\n")
	if b.Events > 0 {
		out.WriteString("\n| " + strings.Join(lowered(columns), " | ") + " |\n|" + strings.Repeat(" --- |", len(columns)) + "\n")
		for _, t := range b.Rules {
			row := rowOf(t)
			for i := range row {
				row[i] = markdownText(row[i])
			}
			out.WriteString("| " + strings.Join(row, " | ") + " |\n")
		}
		for _, t := range b.Rules {
			notes := notesOf(t)
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

// markdownText escapes untrusted text, so that it is not read as Markdown,
// HTML or a mention.
func markdownText(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "@", "&#64;", "#", `\#`, "!", `\!`,
	).Replace(terminal.Safe(s))
}
