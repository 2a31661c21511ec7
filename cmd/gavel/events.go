package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/vault"
)

// defaultDatabase is where serve keeps its data when nothing is said.
const defaultDatabase = "sqlite:gavel.db"

func databaseFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "database", defaultDatabase, "database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	cmd.Flags().String(databaseFile, "", "file with the database URL, for one that holds a password")
	cmd.Flags().String(encryptionKeyFile, "", "file with the keys that stored events are sealed with, one per line; the first seals")
}

// archiveFlag is for what reads archived events as well.
func archiveFlag(cmd *cobra.Command, value *string) {
	cmd.Flags().StringVar(value, "archive", "", "folder with events that have left the database (see serve --archive); they are read as well")
}

// withStore opens the database for one command and closes it afterwards.
func withStore(cmd *cobra.Command, database string, access vault.Access, do func(vault.Store) error) error {
	database, err := databaseURL(cmd, database)
	if err != nil {
		return err
	}
	store, err := vault.OpenSealed(cmd.Context(), database, flagText(cmd, encryptionKeyFile), access)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(store)
}

// eventDesk is what the commands about events ask.
type eventDesk interface {
	Events(ctx context.Context, f event.EventFilter) ([]api.Event, error)
	Event(ctx context.Context, id string) (*api.EventDetail, error)
	// Replay asks the rules in force when set is nil.
	Replay(ctx context.Context, id string, set *rules.Set, r api.ReplayRequest) (*api.Replay, error)
	Erase(ctx context.Context, r api.EraseRequest) (*api.Erasure, error)
	// Tail calls each for every event from now on, until ctx ends.
	Tail(ctx context.Context, f event.EventFilter, each func(api.Event) error, missed func(int) error) error
}

func newEvents() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Look at the events that were received",
		Example: `  gavel events list --since 24h
  gavel events show 0b9f3c1e-demo-1`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEventsList(), newEventsShow(), newEventsTail(), newEventsExport(), newEventsReplay(), newEventsErase())
	return cmd
}

func newEventsList() *cobra.Command {
	var at place
	var output string
	var since time.Duration
	var f event.EventFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List stored events, newest first",
		Example: `  gavel events list
  gavel events list --type 'scheduling.*' --since 24h
  gavel events list --meeting 8f0c1c52 --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since > 0 {
				f.Since = time.Now().Add(-since)
			}
			return at.withDesk(cmd, app.RulesOptions{}, func(d desk) error {
				events, err := d.Events(cmd.Context(), f)
				if err != nil {
					return err
				}
				return printEvents(cmd.OutOrStdout(), output, events)
			})
		},
	}
	at.register(cmd)
	outputFlag(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&f.Type, "type", "", "only this event type, or a pattern such as 'scheduling.*'")
	cmd.Flags().StringVar(&f.MeetingID, "meeting", "", "only events of this meeting")
	cmd.Flags().DurationVar(&since, "since", 0, "only events received in this time, such as 24h")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "at most this many")
	return cmd
}

func printEvents(w io.Writer, output string, lines []api.Event) error {
	if output == "json" {
		return printJSON(w, lines)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(w, "no events")
		return err
	}
	rows := make([][]string, 0, len(lines))
	for _, l := range lines {
		rows = append(rows, []string{clock(l.Received), l.Type, l.ID, l.MeetingID, strconv.Itoa(l.Runs), strconv.Itoa(l.Deliveries)})
	}
	return table(w, []string{"RECEIVED", "TYPE", "EVENT", "MEETING", "RUNS", "DELIVERIES"}, rows)
}

func newEventsShow() *cobra.Command {
	var at place
	var output string
	cmd := &cobra.Command{
		Use:     "show EVENT-ID",
		Short:   "Show one event with its body and the runs it started",
		Example: "  gavel events show 0b9f3c1e-demo-1",
		Args:    exactArgs(1, "one event id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at.withDesk(cmd, app.RulesOptions{}, func(d desk) error {
				ev, err := d.Event(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printEvent(cmd.OutOrStdout(), output, ev)
			})
		},
	}
	at.register(cmd)
	outputFlag(cmd, &output, "text", "json")
	return cmd
}

func printEvent(w io.Writer, output string, l *api.EventDetail) error {
	if output == "json" {
		return printJSON(w, l)
	}
	fmt.Fprintf(w, "event     %s\ntype      %s\nhappened  %s\nreceived  %s (%d deliveries, the last at %s)\nrules     revision %s\n",
		printable(l.ID), printable(l.Type), clock(l.Happened), clock(l.Received), l.Deliveries, clock(l.LastSeen), l.Revision)
	if l.MeetingID != "" {
		fmt.Fprintf(w, "meeting   %s\n", printable(l.MeetingID))
	}
	if l.Late {
		fmt.Fprintln(w, "late      a newer event of this meeting had come before")
	}
	for _, d := range l.Drift {
		fmt.Fprintf(w, "drift     %s\n", printable(d.String()))
	}
	fmt.Fprintln(w)
	if len(l.RunList) == 0 {
		fmt.Fprintln(w, "No rule matched this event.")
	} else if err := table(w, runHeader, runRows(l.RunList)); err != nil {
		return err
	}
	fmt.Fprintln(w)
	// Indented and not decoded, so that numbers, the order and repeated keys
	// are those that came.
	var body bytes.Buffer
	if json.Indent(&body, bytes.TrimSpace(l.Body), "", "  ") != nil {
		body.Reset()
		body.Write(l.Body)
	}
	_, err := fmt.Fprintln(terminalSafe{w}, body.String())
	return err
}
