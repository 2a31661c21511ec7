package doctor

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/checkup"
	"github.com/gavel-rules/gavel/cmd/gavel/signature"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/receiver"
)

// printReport prints the findings, the worst last, where a terminal shows them.
func printReport(cmd *cobra.Command, output string, r checkup.Report) error {
	if output == "json" {
		return terminal.JSON(cmd.OutOrStdout(), r)
	}
	s := terminal.ScreenOf(cmd)
	counts := map[checkup.Level]int{}
	paints := map[checkup.Level]terminal.Paint{checkup.OK: terminal.Good, checkup.Warning: terminal.Notice, checkup.Problem: terminal.Bad}
	var b strings.Builder
	for _, level := range []checkup.Level{checkup.OK, checkup.Warning, checkup.Problem} {
		for _, f := range r.Findings {
			if f.Level != level {
				continue
			}
			counts[level]++
			text := f.Text
			if f.Subject != "" && !strings.Contains(text, f.Subject) {
				text = f.Subject + ": " + text
			}
			fmt.Fprintf(&b, "%s  %-20s  %s\n", s.Painted(paints[level], fmt.Sprintf("%-7s", level)), f.Code, terminal.Safe(text))
			if f.Do != "" {
				fmt.Fprintf(&b, "%31s%s\n", "", terminal.Safe("→ "+f.Do))
			}
		}
	}
	for _, text := range r.NotChecked {
		fmt.Fprintf(&b, "%s  %s\n", s.Painted(terminal.Soft, "not checked:"), terminal.Safe(text))
	}
	fmt.Fprintf(&b, "\n%s, %s, %d ok\n", terminal.Counted(counts[checkup.Problem], "problem", "problems"), terminal.Counted(counts[checkup.Warning], "warning", "warnings"), counts[checkup.OK])
	_, err := fmt.Fprint(s, b.String())
	return err
}

// flagsOf writes the settings of a signature as flags.
func flagsOf(s receiver.Signature) string {
	var words []string
	for _, arg := range signature.Args(s) {
		words = append(words, signature.ShellWord(arg))
	}
	if len(words) == 0 {
		return "no --signature flags (the default)"
	}
	return strings.Join(words, " ")
}
