package runs

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/ruleset"
)

func newCompare() *cobra.Command {
	var at place.Place
	var output, since string
	var q api.CompareQuery
	cmd := &cobra.Command{
		Use:   "compare SHADOW-RULE LIVE-RULE",
		Short: "Compare a shadow rule with the rule it is to replace",
		Long: `Compares what a rule with mode: shadow recorded with what another rule did for the
same events: the events that only one of them matched, and those for which they
send something else.`,
		Example: "  gavel runs compare alert-v2 alert --since 7d",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage.Errorf("expected the names of two rules, got %s", terminal.Counted(len(args), "argument", "arguments"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			length, err := units.ParseDuration(since)
			if err != nil || length <= 0 {
				return usage.Errorf("--since %q: write a length of time such as 24h or 7d", since)
			}
			q.Shadow, q.Live, q.Since = args[0], args[1], time.Now().Add(-time.Duration(length))
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				for _, name := range args {
					if err := place.KnownRule(cmd.Context(), d, "compare", name); err != nil {
						return err
					}
				}
				c, err := d.Compare(cmd.Context(), q)
				if err != nil {
					return err
				}
				if output == "json" {
					return terminal.JSON(cmd.OutOrStdout(), c)
				}
				return printComparison(cmd, c)
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&since, "since", "7d", "how far back to look, such as 24h or 7d")
	usage.Whole(cmd.Flags(), &q.Samples, "samples", 5, 0, "how many differences to show")
	return cmd
}

func printComparison(cmd *cobra.Command, c *api.Comparison) error {
	out := terminal.SafeWriter(cmd.OutOrStdout())
	if c.Same+c.Differ+c.OnlyShadow+c.OnlyLive == 0 {
		_, err := fmt.Fprintf(out, "neither %s (shadow) nor %s (live) has run in this time\n", c.Shadow, c.Live)
		return err
	}
	_, err := fmt.Fprintf(out, "%s (shadow) against %s (live): %d the same, %d differ, %d only shadow, %d only live\n",
		c.Shadow, c.Live, c.Same, c.Differ, c.OnlyShadow, c.OnlyLive)
	for _, d := range c.Differences {
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "\nevent %s: %s\n", d.EventID, d.What)
		for line := range strings.Lines(d.Diff) {
			fmt.Fprintf(out, "  %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	return err
}
