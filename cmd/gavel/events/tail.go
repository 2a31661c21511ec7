package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

func newTail() *cobra.Command {
	var at place.Place
	var output string
	var f event.EventFilter
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show new events until interrupted",
		Long: `Prints one line for every event that is stored from now on; with --output json one
JSON object per line. A server shows the events that it receives itself at once;
--database polls every second and shows events from all processes.`,
		Example: `  gavel events tail --server http://127.0.0.1:8081
  gavel events tail --type 'scheduling.*' --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if hint := usage.TypeHint(f.Type); hint != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "gavel: %q is no documented event type; did you mean %q?\n", f.Type, hint)
			}
			err := at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				return tailEvents(cmd, d, output, f)
			})
			if errors.Is(err, context.Canceled) {
				return nil // by Ctrl-C
			}
			return err
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&f.Type, "type", "", "only this event type, or a pattern such as 'scheduling.*'")
	cmd.Flags().StringVar(&f.MeetingID, "meeting", "", "only events of this meeting")
	return cmd
}

func tailEvents(cmd *cobra.Command, d place.EventDesk, output string, f event.EventFilter) error {
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
			terminal.Clock(ev.Received), terminal.Safe(ev.Type), terminal.Safe(ev.ID), terminal.Safe(meeting), terminal.Counted(ev.Runs, "run", "runs"))
		return err
	}
	missed := func(n int) error {
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "%s not shown: too many at once\n", terminal.Counted(n, "event", "events"))
		return err
	}
	return d.Tail(cmd.Context(), f, each, missed)
}
