package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
)

func newEventsTail() *cobra.Command {
	var at place
	var output string
	var f event.EventFilter
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show events as they come, until it is interrupted",
		Long: `Prints one line for every event that is stored from now on; with --output json one
JSON object per line. A server tells within a moment of those that it receives itself; a
database is looked into once a second, and has those of all machines.`,
		Example: `  gavel events tail --server http://127.0.0.1:8081
  gavel events tail --type 'scheduling.*' --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := at.withDesk(cmd, app.RulesOptions{}, func(d desk) error {
				return tailEvents(cmd, d, output, f)
			})
			if errors.Is(err, context.Canceled) {
				return nil // by Ctrl-C
			}
			return err
		},
	}
	at.register(cmd)
	outputFlag(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&f.Type, "type", "", "only this event type, or a pattern such as 'scheduling.*'")
	cmd.Flags().StringVar(&f.MeetingID, "meeting", "", "only events of this meeting")
	return cmd
}

func tailEvents(cmd *cobra.Command, d eventDesk, output string, f event.EventFilter) error {
	lines := json.NewEncoder(cmd.OutOrStdout())
	lines.SetEscapeHTML(false)
	each := func(ev api.Event) error {
		if output == "json" {
			return lines.Encode(ev)
		}
		meeting := "-"
		if ev.MeetingID != "" {
			meeting = ev.MeetingID
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s  %-35s  %s  %s  %s\n",
			clock(ev.Received), printable(ev.Type), printable(ev.ID), printable(meeting), counted(ev.Runs, "run", "runs"))
		return err
	}
	missed := func(n int) error {
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "%s not shown: they came too fast\n", counted(n, "event", "events"))
		return err
	}
	return d.Tail(cmd.Context(), f, each, missed)
}
