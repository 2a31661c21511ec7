package rules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

func newList() *cobra.Command {
	var at place.Place
	var output string
	cmd := &cobra.Command{
		Use:   "list [FILE-OR-DIR …]",
		Short: "List the rules in force, or those of files, and when they last ran",
		Long: `Lists the rules that were last in force on the database, with their revision and when
it was loaded, how often each rule ran, how often it was skipped (late, counted by
a threshold, throttled, joined to a digest), and when it last ran. With files,
lists the rules in them, and says whether they are in force.`,
		Example: `  gavel rules list
  gavel rules list rules.yaml --output json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				list, err := listRules(cmd.Context(), d, args)
				if err != nil {
					return err
				}
				if output == "json" {
					return terminal.JSON(cmd.OutOrStdout(), list)
				}
				return printRules(cmd.OutOrStdout(), list)
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

func listRules(ctx context.Context, d place.RuleDesk, paths []string) (*api.RuleList, error) {
	list, err := d.InForce(ctx)
	switch {
	case errors.Is(err, event.ErrNotFound) && len(paths) > 0:
		list = &api.RuleList{}
	case errors.Is(err, event.ErrNotFound):
		return nil, fmt.Errorf("no rules have been in force with this database: %w", event.ErrNotFound)
	case err != nil:
		return nil, err
	}
	if len(paths) > 0 {
		sources, findings := text.ReadSources(paths...)
		if findings.HasErrors() {
			return nil, findings
		}
		now := list.Revision
		list.Revision = text.RevisionOf(sources)
		if list.InForce = list.Revision == now; !list.InForce {
			list.Loaded = time.Time{}
		}
		list.List(rules.Outlines(sources))
	}
	activity, err := d.Activity(ctx)
	if err != nil {
		return nil, err
	}
	list.Count(activity)
	return list, nil
}

func printRules(w io.Writer, l *api.RuleList) error {
	state := "not in force"
	if l.InForce {
		state = "in force since " + terminal.Clock(l.Loaded)
	}
	fmt.Fprintf(w, "revision %s, %s, %s\n\n", l.Revision, state, terminal.Counted(len(l.Rules), "rule", "rules"))
	rows := make([][]string, 0, len(l.Rules))
	for _, r := range l.Rules {
		events := strings.Join(r.Events, ", ")
		if len(r.Windows) > 0 {
			events += " (" + strings.Join(r.Windows, "; ") + ")"
		}
		rows = append(rows, []string{r.Name, r.Mode, fmt.Sprint(r.Runs), fmt.Sprint(r.Skipped), terminal.Clock(r.Last), strings.Join(r.Actions, ", "), events})
	}
	return terminal.Table(w, []string{"RULE", "MODE", "RUNS", "SKIPPED", "LAST RUN", "ACTIONS", "EVENTS"}, rows)
}
