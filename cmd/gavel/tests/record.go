package tests

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/explain"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
)

func newRecord() *cobra.Command {
	var q explain.Question
	cmd := &cobra.Command{
		Use:   "record EVENT-ID",
		Short: "Write a test from a stored event, without personal data",
		Long: `Prints a test in YAML made of an event that came: names, addresses, places, answers
and everything else that may tell of people is replaced, the same thing always by
the same. Only the mail domain of the meeting's owner stays, because rules ask for it.
What the test expects is what the rules make of the real event. If a rule asks for a
replaced value, a comment says so, and the test fails until you put in one that fits.`,
		Example: `  gavel test record 0b9f3c1e-demo-1 --rules rules.yaml > recorded_test.yaml`,
		Args:    usage.ExactArgs(1, "one event id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.At.NoRulesAtServer(cmd); err != nil {
				return err
			}
			set, err := q.Named(cmd)
			if err != nil {
				return err
			}
			return q.At.WithDesk(cmd, q.RulesOptions(cmd), func(d place.Desk) error {
				test, err := d.RecordTest(cmd.Context(), args[0], set)
				if errors.Is(err, event.ErrNotFound) {
					return q.Missing(cmd, d, args[0], err)
				}
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(test)
				return err
			})
		},
	}
	q.At.Register(cmd)
	place.EnvAllowFlag(cmd, &q.EnvAllow)
	cmd.Flags().StringSliceVar(&q.Files, "rules", nil, "rules files or directories (default those that the event met)")
	return cmd
}
