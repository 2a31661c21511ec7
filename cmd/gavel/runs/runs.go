// Package runs has the commands about runs.
package runs

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/spelling"
)

// New returns the command "gavel runs".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Look at what rules did, and retry or cancel it",
		Example: `  gavel runs list --status failed
  gavel runs retry --failed --since 2h`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(), newShow(), newExport(), newRetry(), newCancel(), newRunNow(), newScheduled(), newPostpone(), newAcknowledge(), newMove(), newCompare())
	return cmd
}

func newList() *cobra.Command {
	var f listing.Flags
	var span listing.Span
	var status, sort, dueBefore string
	var shadow bool
	var q api.RunQuery
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, newest first",
		Example: `  gavel runs list --status failed --since 24h
  gavel runs list --owner kim --q globex --output csv
  gavel runs list --status waiting --sort due --due-before 24h
  gavel runs list --rule alert-on-cancellation --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if q.Statuses, err = parseStatuses(status); err != nil {
				return err
			}
			if q.Since, q.Until, err = span.Times(time.Now()); err != nil {
				return err
			}
			if q.DueBefore, err = usage.Ahead("due-before", dueBefore, time.Now(), time.Local); err != nil {
				return err
			}
			if sort == "due" || !q.DueBefore.IsZero() && !cmd.Flags().Changed("sort") {
				q.Sort = event.SortDue
			}
			if shadow {
				q.Shadow = &shadow
			}
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.List, error) {
				runs, err := d.FindRuns(ctx, q)
				if err == nil && len(runs) == 0 {
					err = place.KnownRule(ctx, d, "--rule", q.Rule)
				}
				return listed(runs), err
			})
		},
	}
	f.Register(cmd)
	span.Register(cmd, "runs created")
	cmd.Flags().StringVar(&status, "status", "", "only runs in these states, comma-separated: "+statusList())
	cmd.Flags().StringVar(&q.Rule, "rule", "", "only runs of this rule")
	cmd.Flags().StringVar(&q.EventID, "event", "", "only runs of this event")
	cmd.Flags().StringVar(&q.MeetingID, "meeting", "", "only runs of this meeting")
	cmd.Flags().BoolVar(&shadow, "shadow", false, "only runs of shadow rules, which send nothing")
	sort = "created"
	cmd.Flags().Var(usage.OneOf(&sort, []string{"created", "due"}), "sort", "in which order: created, the newest first; due, pending and waiting runs, the next one first")
	cmd.Flags().StringVar(&dueBefore, "due-before", "", "only runs due before this time, in the order of due: a time, a day, or how far ahead, such as 24h")
	cmd.Flags().StringVar(&q.Q, "q", "", "only runs whose event has these words in a name or an address")
	cmd.Flags().StringVar(&q.Owner, "owner", "", "only runs whose event has an owner with these words in the name or the address")
	usage.Whole(cmd.Flags(), &q.Limit, "limit", 50, 1, "at most this many")
	place.CompleteFlag(cmd, "rule", f.At.Rules())
	place.CompleteFlag(cmd, "event", f.At.EventIDs())
	place.CompleteFlag(cmd, "status", place.Fixed(statusNames()...))
	return cmd
}

func listed(runs []api.ListedRun) *listing.List {
	l := &listing.List{Noun: "runs", JSON: runs, Columns: terminal.RunColumns()}
	for _, r := range runs {
		l.Names = append(l.Names, r.ID)
		cells := terminal.RunCells(r.Run, r.About)
		if r.Acknowledged {
			cells[terminal.RunStatus] = terminal.Cell{Text: string(r.Status) + " (acknowledged)", Paint: terminal.Soft}
		}
		l.Rows = append(l.Rows, cells)
	}
	return l
}

func statusNames() []string {
	var names []string
	for _, s := range event.Statuses() {
		names = append(names, string(s))
	}
	return names
}

func statusList() string { return strings.Join(statusNames(), ", ") }

// otherWords are states as people also call them.
func otherWords() map[string]event.Status {
	return map[string]event.Status{"dropped": event.StatusCanceled, "done": event.StatusSucceeded, "ok": event.StatusSucceeded, "error": event.StatusFailed, "scheduled": event.StatusWaiting}
}

func parseStatuses(list string) ([]event.Status, error) {
	if list == "" {
		return nil, nil
	}
	var statuses []event.Status
	for name := range strings.SplitSeq(list, ",") {
		s := event.Status(strings.TrimSpace(name))
		if !slices.Contains(event.Statuses(), s) {
			return nil, unknownStatus(string(s))
		}
		statuses = append(statuses, s)
	}
	return statuses, nil
}

func unknownStatus(name string) error {
	best, ok := spelling.Nearest(name, statusNames())
	if other, known := otherWords()[name]; known {
		best, ok = string(other), true
	}
	if ok {
		return usage.Errorf("--status: %q is not a state; did you mean %q?", name, best)
	}
	return usage.Errorf("--status: %q is not a state; use one of %s", name, statusList())
}
