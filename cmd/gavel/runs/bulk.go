package runs

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/gavel-rules/gavel/ruleset"
)

// selection are the runs that a command changes: given by id, or by what they
// have in common. The second kind asks first.
type selection struct {
	at        place.Place
	q         api.RunQuery
	span      listing.Span
	status    string
	dueBefore string
	yes       bool
}

// register adds the flags; allowed are the states in which the command can
// change a run.
func (s *selection) register(cmd *cobra.Command, allowed ...event.Status) {
	s.at.Register(cmd)
	s.span.Register(cmd, "runs created")
	flags := cmd.Flags()
	flags.StringVar(&s.q.Rule, "rule", "", "all runs of this rule")
	flags.StringVar(&s.status, "status", "", "only runs in these states, comma-separated: "+join(allowed))
	flags.StringVar(&s.q.Owner, "owner", "", "only runs whose event has an owner with these words in the name or the address")
	flags.BoolVar(&s.yes, "yes", false, "do it without asking")
	place.CompleteFlag(cmd, "rule", s.at.Rules())
	cmd.ValidArgsFunction = s.at.RunIDs(allowed...)
}

func join(states []event.Status) string {
	var names []string
	for _, s := range states {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// query reads the flags. usual are the states when none is given.
func (s *selection) query(usual, allowed []event.Status) (q api.RunQuery, err error) {
	q, now := s.q, time.Now()
	if q.Statuses, err = parseStatuses(s.status); err != nil {
		return q, err
	}
	for _, state := range q.Statuses {
		if !slices.Contains(allowed, state) {
			return q, usage.Errorf("--status: a run that is %s cannot be changed so; use one of %s", state, join(allowed))
		}
	}
	if len(q.Statuses) == 0 {
		q.Statuses = usual
	}
	if q.Since, q.Until, err = s.span.Times(now); err != nil {
		return q, err
	}
	q.DueBefore, err = usage.Ahead("due-before", s.dueBefore, now, time.Local)
	return q, err
}

// bulkMost is how many runs one command changes.
const bulkMost = 10_000

// change is what a command does to runs, in the words of its messages.
type change struct {
	verb, done string // cancel, canceled
	sends      bool   // it sends at once
	do         func(ctx context.Context, d place.Desk, id string) error
}

// all changes the runs that a query selects, after a question.
func (s *selection) all(cmd *cobra.Command, q api.RunQuery, c change) error {
	s.at.Writes = true
	return s.at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
		ctx := cmd.Context()
		if err := place.KnownRule(ctx, d, "--rule", q.Rule); err != nil {
			return err
		}
		q.Limit = bulkMost
		runs, err := d.FindRuns(ctx, q)
		if err != nil {
			return err
		}
		return s.confirmed(cmd, d, runs, c)
	})
}

// confirmed shows the runs, asks and changes them.
func (s *selection) confirmed(cmd *cobra.Command, d place.Desk, runs []api.ListedRun, c change) error {
	ctx := cmd.Context()
	if len(runs) == 0 {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "0 runs %s\n", c.done)
		return err
	}
	if !s.yes {
		if err := preview(cmd, d, runs, c); err != nil {
			return err
		}
		question := strings.ToUpper(c.verb[:1]) + c.verb[1:] + " " + terminal.Counted(len(runs), "run", "runs") + "?"
		if err := usage.Confirm(ctx, cmd.InOrStdin(), cmd.ErrOrStderr(), question, "nothing was "+c.done); err != nil {
			return err
		}
	}
	changed, gone := 0, 0
	for _, r := range runs {
		switch err := c.do(ctx, d, r.ID); {
		case errors.Is(err, event.ErrConflict), errors.Is(err, event.ErrNotFound):
			gone++
		case err != nil:
			return fmt.Errorf("run %q: %w; %s %s before", r.ID, err, terminal.Counted(changed, "run was", "runs were"), c.done)
		default:
			changed++
		}
	}
	out := fmt.Sprintf("%s %s", terminal.Counted(changed, "run", "runs"), c.done)
	if gone > 0 {
		out += fmt.Sprintf(", %d had changed already", gone)
	}
	if len(runs) == bulkMost {
		out += "; there may be more, repeat the command"
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), out)
	return err
}

// previewed is how many runs a question shows.
const previewed = 5

// preview says on the error stream what would be changed: how many, of which
// rules, to whom and over which connection.
func preview(cmd *cobra.Command, d place.RuleDesk, runs []api.ListedRun, c change) error {
	screen := terminal.ScreenOf(cmd)
	screen.Writer = cmd.ErrOrStderr()
	counts := map[string]int{}
	var names []string
	for _, r := range runs {
		if counts[r.Rule]++; counts[r.Rule] == 1 {
			names = append(names, r.Rule)
		}
	}
	over := connectionsOf(cmd.Context(), d)
	for _, name := range names {
		line := fmt.Sprintf("%s of %s would be %s", terminal.Counted(counts[name], "run", "runs"), name, c.done)
		if c.sends && len(over[name]) > 0 {
			line += ", over " + strings.Join(over[name], ", ")
		}
		fmt.Fprintln(screen, terminal.Safe(line))
	}
	columns := []terminal.Column{{Name: "RUN"}, {Name: "RULE"}, {Name: "STATUS"}, {Name: "DUE", Drop: 1}, {Name: "TO", Flexible: true}, {Name: "TITLE", Flexible: true}}
	var rows [][]terminal.Cell
	for _, r := range runs[:min(previewed, len(runs))] {
		due := terminal.Cell{Text: "-"}
		if !r.Status.Done() {
			due = terminal.At(r.Due)
		}
		rows = append(rows, []terminal.Cell{{Text: r.ID}, {Text: r.Rule}, {Text: string(r.Status), Paint: terminal.StatusPaint(r.Status)}, due, {Text: r.Invitee}, {Text: r.Title}})
	}
	if err := screen.Table(columns, rows); err != nil {
		return err
	}
	if more := len(runs) - previewed; more > 0 {
		fmt.Fprintf(screen, "… and %d more\n", more)
	}
	return nil
}

// connectionsOf returns the connections of the rules in force, as far as they
// are known.
func connectionsOf(ctx context.Context, d place.RuleDesk) map[string][]string {
	over := map[string][]string{}
	if list, err := d.InForce(ctx); err == nil {
		for _, r := range list.Rules {
			over[r.Name] = r.Connections
			if len(r.Connections) == 0 {
				over[r.Name] = slices.DeleteFunc(slices.Clone(r.Actions), func(kind string) bool {
					return slices.Contains([]string{"wait", "log", "steps", "stop", "for_each", "chain", "outputs"}, kind)
				})
			}
		}
	}
	return over
}
