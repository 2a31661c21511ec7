package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

// scheduledMost is the most runs that are listed: each is rendered.
const scheduledMost = 100

func newScheduled() *cobra.Command {
	var at place.Place
	var q api.ScheduledQuery
	var output, dueBefore string
	cmd := &cobra.Command{
		Use:   "scheduled",
		Short: "List what is to be sent, with the messages as they would be sent now",
		Long: `Lists the runs that wait or are due, the next one first, each with what its next actions
would send with the meeting as it is now. The time is when it goes out as far as that
is known: a pause and the rate of a connection are taken into account.`,
		Example: `  gavel runs scheduled --due-before 24h
  gavel runs scheduled --connection crm --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if q.DueBefore, err = usage.Ahead("due-before", dueBefore, time.Now(), time.Local); err != nil {
				return err
			}
			if q.Limit > scheduledMost {
				return usage.Errorf("--limit %d: at most %d runs are listed at once; narrow the list with --rule, --connection or --due-before", q.Limit, scheduledMost)
			}
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				ctx := cmd.Context()
				list, err := d.Scheduled(ctx, q)
				if err == nil && len(list.Items) == 0 {
					err = errors.Join(place.KnownRule(ctx, d, "--rule", q.Rule), place.KnownConnection(ctx, d, "--connection", q.Connection))
				}
				if err != nil {
					return err
				}
				if output == "json" {
					return terminal.JSON(cmd.OutOrStdout(), list.Items)
				}
				return printScheduled(terminal.SafeWriter(cmd.OutOrStdout()), list.Items)
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&q.Rule, "rule", "", "only runs of this rule")
	cmd.Flags().StringVar(&q.Connection, "connection", "", "only runs that would send over this connection")
	cmd.Flags().StringVar(&dueBefore, "due-before", "", "only runs that are due before this time: 24h for the next 24 hours, a day, or a time")
	usage.Whole(cmd.Flags(), &q.Limit, "limit", 50, 1, "at most this many, up to 100")
	place.CompleteFlag(cmd, "rule", at.Rules())
	place.CompleteFlag(cmd, "connection", at.Connections())
	return cmd
}

func printScheduled(out io.Writer, list []api.Scheduled) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "nothing is scheduled")
		return err
	}
	day := ""
	for i := range list {
		s := &list[i]
		when, today := "held ", "when it is resumed"
		if !s.Expected.IsZero() {
			when, today = s.Expected.Local().Format("15:04"), s.Expected.Local().Format("Monday, 2 January 2006")
		}
		if today != day {
			day = today
			fmt.Fprintln(out, day)
		}
		about := s.Title
		if s.Invitee != "" {
			about += " with " + s.Invitee
		}
		if _, err := fmt.Fprintf(out, "  %s  %s  %s  %s\n", when, s.ID, s.Rule, about); err != nil {
			return err
		}
		if s.Pause != nil {
			fmt.Fprintf(out, "         %s\n", s.Pause.String())
		}
		for _, m := range s.Messages {
			text := m.Reason
			if len(m.Effect) > 0 {
				text = terminal.Compact(json.RawMessage(m.Effect), 200)
			}
			fmt.Fprintf(out, "         %s: %s\n", m.Kind, text)
		}
		if s.Problem != "" {
			fmt.Fprintf(out, "         %s\n", s.Problem)
		}
	}
	return nil
}

func newPostpone() *cobra.Command {
	var at place.Place
	var until string
	cmd := &cobra.Command{
		Use:   "postpone RUN-ID --until TIME",
		Short: "Send a waiting run at another time",
		Long: `Lets a run that waits or is due go on at another time, earlier or later. It still follows its
meeting: when that is moved, so is the run.`,
		Example: "  gavel runs postpone 0198c0de-0000-7000-8000-000000000000 --until 2026-12-24T09:00",
		Args:    usage.ExactArgs(1, "the id of a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			when, err := usage.Ahead("until", until, time.Now(), time.Local)
			if err != nil {
				return err
			}
			if when.IsZero() {
				return usage.Errorf("give --until, a time such as 2h, 2026-12-24 or 2026-12-24T09:00")
			}
			at.Writes = true
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				if err := d.Postpone(cmd.Context(), args[0], when); err != nil {
					return pointed(err)
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "moved %s to %s\n", args[0], terminal.Clock(when))
				return err
			})
		},
	}
	at.Register(cmd)
	cmd.Flags().StringVar(&until, "until", "", "when to send: 2h for in two hours, a day, or a time")
	return cmd
}
