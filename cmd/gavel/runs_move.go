package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
)

// moveShown bounds how many moves are listed before they are made.
const moveShown = 50

func newRunsMove() *cobra.Command {
	var database, rule, to string
	var files, envAllow []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "move --rule NAME --to current",
		Short: "Let waiting runs go on under today's rule",
		Long: `A run keeps the rule as it was when its event came. This command takes the waiting
runs of one rule over to the rule as it is in the rules files now: each goes on
waiting in the wait with the same id, until the moment that the rule of today
says. Without --yes it only shows what would change.`,
		Example: `  gavel runs move --rule thank-you --to current --rules rules.yaml
  gavel runs move --rule thank-you --to current --rules rules.yaml --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case rule == "":
				return usageError{errors.New("give --rule, the name of the rule whose runs to move")}
			case to != "current":
				return usageError{fmt.Errorf("--to %q: only current is known, the rules in --rules", to)}
			}
			return withStore(cmd, database, func(s app.Store) error {
				mover, findings := app.NewMover(s, app.RulesOptions{Paths: files, EnvAllow: envAllow, SecretsDir: flagText(cmd, secretsDir)})
				if findings.HasErrors() {
					_ = findings.Text(cmd.ErrOrStderr())
					return errFindings
				}
				return moveRuns(cmd, mover, rule, yes)
			})
		},
	}
	databaseFlag(cmd, &database)
	envAllowFlag(cmd, &envAllow)
	cmd.Flags().StringVar(&rule, "rule", "", "name of the rule")
	cmd.Flags().StringVar(&to, "to", "", "where to: current")
	cmd.Flags().StringSliceVar(&files, "rules", []string{"rules.yaml"}, "rules file or directory of today")
	cmd.Flags().BoolVar(&yes, "yes", false, "make the moves, do not only show them")
	return cmd
}

func moveRuns(cmd *cobra.Command, mover *app.Mover, rule string, yes bool) error {
	out := cmd.OutOrStdout()
	var rows [][]string
	var movable, stuck, moved, gone int
	err := mover.Plan(cmd.Context(), rule, func(m engine.PlannedMove) error {
		if len(rows) < moveShown {
			rows = append(rows, []string{m.Run.ID, m.Run.MeetingID, clock(m.Run.Due), clock(m.Due), m.Problem})
		}
		if m.Problem != "" {
			stuck++
			return nil
		}
		movable++
		if !yes {
			return nil
		}
		switch err := mover.Move(cmd.Context(), m); {
		case errors.Is(err, event.ErrConflict):
			gone++
		case err != nil:
			return fmt.Errorf("run %q: %w", m.Run.ID, err)
		default:
			moved++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		if err := table(out, []string{"RUN", "MEETING", "DUE NOW", "DUE THEN", "CANNOT MOVE BECAUSE"}, rows); err != nil {
			return err
		}
	}
	if yes {
		fmt.Fprintf(out, "%d runs moved to revision %s, %d had gone on meanwhile, %d cannot be moved\n", moved, mover.Revision(), gone, stuck)
		return nil
	}
	fmt.Fprintf(out, "%d runs would move to revision %s, %d cannot be moved; add --yes to move them\n", movable, mover.Revision(), stuck)
	return nil
}
