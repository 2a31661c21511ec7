package rules

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

func newList() *cobra.Command {
	var f listing.Flags
	cmd := &cobra.Command{
		Use:   "list [FILE-OR-DIR …]",
		Short: "List the rules in force, or those of files, and what they do",
		Long: `Lists the rules that were last in force on the database, with their revision and when
it was loaded: how often each rule ran, how often it was skipped (late, counted by
a threshold, throttled, joined to a digest), when it last ran or that it never did, how
often it ran and failed in the last 24 hours, and how many of its runs wait. With files,
lists the rules in them, and says whether they are in force.`,
		Example: `  gavel rules list
  gavel rules list --output csv > rules.csv
  gavel rules list rules.yaml --output json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.List, error) {
				list, err := listRules(ctx, d, args)
				if err != nil {
					return nil, err
				}
				return listed(list), nil
			})
		},
	}
	f.Register(cmd)
	return cmd
}

func listRules(ctx context.Context, d place.Desk, paths []string) (*api.RuleList, error) {
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
		sources, findings := ruleset.ReadSources(paths...)
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
	day, err := d.Day(ctx)
	if err != nil {
		return nil, err
	}
	list.CountDay(day)
	pauses, err := d.Pauses(ctx)
	list.Pause(pauses)
	return list, err
}

func listed(l *api.RuleList) *listing.List {
	state := "not in force"
	if l.InForce {
		state = "in force since " + terminal.Clock(l.Loaded)
	}
	out := &listing.List{
		Noun: "rules", JSON: l,
		Above: fmt.Sprintf("revision %s, %s, %s", l.Revision, state, terminal.Counted(len(l.Rules), "rule", "rules")),
		Columns: []terminal.Column{
			{Name: "RULE"}, {Name: "MODE"}, {Name: "RUNS"}, {Name: "SKIPPED", Drop: 2}, {Name: "LAST RUN"}, {Name: "24H"}, {Name: "FAILED 24H"}, {Name: "WAITING"},
			{Name: "ACTIONS", Drop: 1, Flexible: true}, {Name: "EVENTS", Flexible: true}, {Name: "PAUSED", Flexible: true},
		},
	}
	for _, r := range l.Rules {
		events := strings.Join(r.Events, ", ")
		if r.Schedule != nil {
			events = r.Schedule.Text + "; next " + terminal.Clock(r.Schedule.Next)
		}
		if len(r.Windows) > 0 {
			events += " (" + strings.Join(r.Windows, "; ") + ")"
		}
		last := terminal.At(r.Last)
		if r.Last.IsZero() {
			last.Text = "never"
		}
		failed := terminal.Cell{Text: fmt.Sprint(r.LastDay.Failed)}
		if r.LastDay.Failed > 0 {
			failed.Paint = terminal.Bad
		}
		row := terminal.Text(r.Name, r.Mode, fmt.Sprint(r.Runs), fmt.Sprint(r.Skipped), "", fmt.Sprint(r.LastDay.Runs), "", fmt.Sprint(r.Waiting), strings.Join(r.Actions, ", "), events, "-")
		row[4], row[6] = last, failed
		if r.Paused != nil {
			row[len(row)-1] = listing.Paused(&r.Paused.Pause)
		}
		out.Names, out.Rows = append(out.Names, r.Name), append(out.Rows, row)
	}
	return out
}
