package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
)

func newTestRecord() *cobra.Command {
	var database string
	var files, envAllow []string
	cmd := &cobra.Command{
		Use:   "record EVENT-ID",
		Short: "Write a test from a stored event, without personal data",
		Long: `Prints a test in YAML made of an event that came: names, addresses, places, answers
and everything else that may tell of people is replaced, the same thing always by
the same. Only the mail domain of the meeting's owner stays, because rules ask for it.
What the test expects is what the rules make of the event without those data.`,
		Example: `  gavel test record 0b9f3c1e-demo-1 --rules rules.yaml > recorded_test.yaml`,
		Args:    exactArgs(1, "one event id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, database, func(s app.Store) error {
				h, err := app.HistoryOf(cmd.Context(), s, args[0])
				if errors.Is(err, event.ErrNotFound) {
					return neverStored(cmd.Context(), s, database, args[0])
				}
				if err != nil {
					return err
				}
				set, err := rulesToRecord(cmd, s, h.Record.Revision, files, envAllow)
				if err != nil {
					return err
				}
				draft, err := rehearse.Record(cmd.Context(), rehearse.Recording{Event: h.Record.Event, Set: set, Replies: repliesOf(h)})
				if err != nil {
					return err
				}
				out, err := draft.YAML()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "# Recorded from a stored event; personal data is replaced. Look at it before you keep it,\n"+
					"# and put back, made up, what your rules ask for.\n%s", out)
				return err
			})
		},
	}
	databaseFlag(cmd, &database)
	envAllowFlag(cmd, &envAllow)
	cmd.Flags().StringSliceVar(&files, "rules", nil, "rules files or directories (default those that the event met)")
	return cmd
}

func rulesToRecord(cmd *cobra.Command, s app.Store, revision string, files, envAllow []string) (*rules.Set, error) {
	f := explainFlags{files: files, envAllow: envAllow}
	return f.rulesOf(cmd, s, revision)
}

// repliesOf are the last successful replies of an event's actions.
func repliesOf(h *app.History) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for _, run := range h.Runs {
		for _, a := range run.Attempts {
			if a.Outcome == event.OutcomeSucceeded && len(a.Response) > 0 {
				out[run.Run.Rule+"/"+a.ActionID] = a.Response
			}
		}
	}
	return out
}
