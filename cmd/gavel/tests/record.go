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
		Long: `Prints a test in YAML made from a stored event: names, addresses, places, answers
and all other personal data are replaced, the same value always by
the same one. Only the mail domain of the meeting's owner stays, because rules check it.
The test expects what the rules do with the real event. If a rule checks a
replaced value, a comment says so, and the test fails until you enter a suitable one.`,
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
	cmd.Flags().StringSliceVar(&q.Files, "rules", nil, "rules files or directories (default those in force when the event was received)")
	return cmd
}
