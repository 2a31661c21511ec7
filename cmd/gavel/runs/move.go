package runs

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
)

func newMove() *cobra.Command {
	var at place.Place
	var rule, to string
	var files, envAllow []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "move --rule NAME --to current",
		Short: "Move waiting runs to the current version of a rule",
		Long: `A run keeps the rule as it was when its event was received. This command moves the waiting
runs of one rule to the rule as it is in the rules files now: each continues
in the wait with the same id, until the time that the current rule
sets. Without --yes it only shows what would change.`,
		Example: `  gavel runs move --rule thank-you --to current --rules rules.yaml
  gavel runs move --rule thank-you --to current --rules rules.yaml --yes`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case rule == "":
				return usage.Errorf("give --rule, the name of the rule whose runs to move")
			case to != "current":
				return usage.Errorf("--to %q: only current is known, the rules in --rules", to)
			}
			request := api.MoveRequest{Rule: rule, Confirm: yes}
			if remote, err := at.Remote(cmd); err != nil {
				return err
			} else if remote {
				if err := at.NoRulesAtServer(cmd); err != nil {
					return err
				}
				return at.WithServer(func(c *client.Client) error { return moveRuns(cmd, c, request) })
			}
			return place.WithStore(cmd, at.Database, place.AccessFor(yes), func(s store.Store) error {
				mover, findings := desk.NewMover(s, ruleset.Options{Paths: files, EnvAllow: envAllow, SecretsDir: place.FlagText(cmd, place.SecretsDir)})
				if findings.HasErrors() {
					_ = findings.Text(cmd.ErrOrStderr())
					return usage.ErrFindings
				}
				return moveRuns(cmd, mover, request)
			})
		},
	}
	at.Register(cmd)
	place.EnvAllowFlag(cmd, &envAllow)
	cmd.Flags().StringVar(&rule, "rule", "", "name of the rule")
	cmd.Flags().StringVar(&to, "to", "", "where to: current")
	cmd.Flags().StringSliceVar(&files, "rules", []string{"rules.yaml"}, "current rules files or directories")
	cmd.Flags().BoolVar(&yes, "yes", false, "move the runs; without it, only show what would change")
	return cmd
}

// runMover moves waiting runs to other rules.
type runMover interface {
	MoveAll(ctx context.Context, r api.MoveRequest) (*api.Moves, error)
}

func moveRuns(cmd *cobra.Command, mover runMover, r api.MoveRequest) error {
	moves, err := mover.MoveAll(cmd.Context(), r)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	rows := make([][]string, 0, len(moves.Runs))
	for _, m := range moves.Runs {
		rows = append(rows, []string{m.RunID, m.MeetingID, terminal.Clock(m.Due), terminal.Clock(m.Then), m.Problem})
	}
	if len(rows) > 0 {
		if err := terminal.Table(out, []string{"RUN", "MEETING", "DUE NOW", "DUE THEN", "CANNOT MOVE BECAUSE"}, rows); err != nil {
			return err
		}
	}
	if r.Confirm {
		fmt.Fprintf(out, "%s moved to revision %s, %d had already continued, %d cannot be moved\n", terminal.Counted(moves.Moved, "run", "runs"), moves.Revision, moves.Gone, moves.Stuck)
		return nil
	}
	fmt.Fprintf(out, "%s would move to revision %s, %d cannot be moved; add --yes to move them\n", terminal.Counted(moves.Movable, "run", "runs"), moves.Revision, moves.Stuck)
	return nil
}
