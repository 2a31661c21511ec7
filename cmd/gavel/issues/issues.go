// Package issues has the commands about issues: failed runs of the same rule,
// action and cause.
package issues

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
)

// New returns the command "gavel issues".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "issues",
		Short: "See what fails and since when; retry, resolve or mute it",
		Long: `An issue is all failed runs of the same rule, action and cause. It counts the runs that are
failed now: one that is retried and succeeds does not count any more.`,
		Example: `  gavel issues list
  gavel issues retry 3f9a0c1d2b4e`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(), newShow(), newRetry(), newResolve(), newMute(), newUnmute())
	return cmd
}

func newList() *cobra.Command {
	var f listing.Flags
	var state string
	var q api.IssueQuery
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List issues, the open ones first",
		Example: `  gavel issues list
  gavel issues list --state all --rule thank-you --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch state {
			case "":
			case "all":
				q.States = event.IssueStates()
			default:
				q.States = []event.IssueState{event.IssueState(state)}
			}
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.List, error) {
				list, err := d.Issues(ctx, q)
				if err == nil && len(list) == 0 {
					err = errors.Join(place.KnownRule(ctx, d, "--rule", q.Rule), place.KnownConnection(ctx, d, "--connection", q.Connection))
				}
				return listed(list), err
			})
		},
	}
	f.Register(cmd)
	cmd.Flags().Var(usage.OneOf(&state, []string{"open", "muted", "resolved", "all"}), "state", "only issues in this state: open, muted, resolved, or all (default open and muted)")
	cmd.Flags().StringVar(&q.Rule, "rule", "", "only issues of this rule")
	cmd.Flags().StringVar(&q.Connection, "connection", "", "only issues whose newest failure went over this connection")
	place.CompleteFlag(cmd, "rule", f.At.Rules())
	place.CompleteFlag(cmd, "connection", f.At.Connections())
	return cmd
}

func listed(list []api.Issue) *listing.List {
	l := &listing.List{Noun: "issues", JSON: append([]api.Issue{}, list...), Columns: []terminal.Column{
		{Name: "ISSUE"}, {Name: "STATE"}, {Name: "FAILED NOW"}, {Name: "LAST"}, {Name: "SINCE"}, {Name: "RULE"}, {Name: "ACTION", Drop: 1}, {Name: "CAUSE"}, {Name: "REASON", Flexible: true},
	}}
	for _, i := range list {
		row := terminal.Text(i.ID, string(i.State), strconv.FormatInt(i.Failing, 10), "", "", i.Rule, orDash(i.Action), string(i.Cause), reasonOf(&i))
		row[3], row[4] = terminal.At(i.Last), terminal.At(i.First)
		if i.State == event.IssueOpen {
			row[1].Paint = terminal.Bad
		}
		l.Names, l.Rows = append(l.Names, i.ID), append(l.Rows, row)
	}
	return l
}

// reasonOf is why the newest run failed.
func reasonOf(i *api.Issue) string {
	if i.Example == nil {
		return "-"
	}
	return i.Example.Reason
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func newShow() *cobra.Command {
	var f listing.Show
	cmd := &cobra.Command{
		Use:     "show ISSUE-ID",
		Short:   "Show one issue with the runs that are failed now",
		Example: "  gavel issues show 3f9a0c1d2b4e",
		Args:    usage.ExactArgs(1, "one issue id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.One, error) {
				i, err := d.Issue(ctx, args[0], "")
				return &listing.One{JSON: i, Text: func(w io.Writer) error { return printIssue(w, i) }}, err
			})
		},
	}
	f.Register(cmd)
	return cmd
}

func printIssue(w io.Writer, i *api.IssueDetail) error {
	fmt.Fprintf(w, "issue       %s\nstate       %s\nrule        %s\naction      %s\ncause       %s\n", i.ID, stateOf(&i.Issue), terminal.Safe(i.Rule), terminal.Safe(orDash(i.Action)), i.Cause)
	if i.Connection != "" {
		fmt.Fprintf(w, "connection  %s\n", terminal.Safe(i.Connection))
	}
	fmt.Fprintf(w, "failed now  %s\nin all      %s\nfirst       %s\nlast        %s\n", terminal.Counted(int(i.Failing), "run", "runs"), terminal.Counted(int(i.Total), "failure", "failures"), terminal.Clock(i.First), terminal.Clock(i.Last))
	if !i.Reopened.IsZero() {
		fmt.Fprintf(w, "reopened    %s\n", terminal.Clock(i.Reopened))
	}
	if reason := reasonOf(&i.Issue); reason != "-" {
		fmt.Fprintf(w, "reason      %s\n", terminal.Safe(reason))
	}
	fmt.Fprintln(w)
	days := make([][]string, 0, len(i.Spans))
	for n := 0; n+1 < len(i.Spans); n += 2 {
		if count := i.Spans[n].Count + i.Spans[n+1].Count; count > 0 {
			days = append(days, []string{i.Spans[n].Start.UTC().Format(time.DateOnly), fmt.Sprint(count)})
		}
	}
	if len(days) > 0 {
		if err := terminal.Table(w, []string{"DAY (UTC)", "FAILURES"}, days); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if err := printRuns(w, i.Runs); err != nil || i.Next == "" {
		return err
	}
	_, err := fmt.Fprintln(w, "… and more; the console lists all")
	return err
}

func printRuns(w io.Writer, runs []api.IssueRun) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(w, "no run of it is failed now")
		return err
	}
	rows := make([][]string, 0, len(runs))
	for _, r := range runs {
		who := orDash(strings.TrimSpace(r.Meeting))
		if r.Invitee != "" {
			who += " with " + r.Invitee
		}
		rows = append(rows, []string{r.ID, terminal.Clock(r.Finished), who, r.Reason})
	}
	return terminal.Table(w, []string{"RUN", "FAILED", "ABOUT", "REASON"}, rows)
}

// stateOf says the state with what belongs to it.
func stateOf(i *api.Issue) string {
	switch {
	case i.State == event.IssueMuted:
		return "muted until " + terminal.Clock(i.MutedUntil) + by(i)
	case i.State == event.IssueResolved && !i.Resolved.IsZero():
		return "resolved at " + terminal.Clock(i.Resolved) + by(i)
	case i.State == event.IssueResolved:
		return "resolved: none of its runs is failed now"
	}
	return string(i.State)
}

func by(i *api.Issue) string {
	if i.By == "" {
		return ""
	}
	return " " + terminal.Safe(i.By)
}
