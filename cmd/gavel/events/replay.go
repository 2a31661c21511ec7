package events

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/ruleset"
)

// replayFlags are the flags of the command.
type replayFlags struct {
	at              place.Place
	output, rule    string
	files, envAllow []string
	dryRun, yes     bool
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay EVENT-ID",
		Short: "Run the current rules again for a stored event",
		Long: `Matches a stored event against the rules in force and starts new runs for it. This
sends everything again, under new idempotency keys.
To continue a failed run, use "gavel runs retry" instead.

First it shows what would start. On a terminal it then asks; otherwise --yes is required.

Rules treat it like an event received now, except that the event is not
counted again. A throttle holds nothing back, a digest has this event alone, and
a threshold is passed only by an event that a run has used already; the new run sees the same
events. When a newer event of the meeting is known, each rule's late: decides. Waits
follow the meeting as it is now, and end if it is canceled.`,
		Example: `  gavel events replay 0b9f3c1e-demo-1 --dry-run
  gavel events replay 0b9f3c1e-demo-1 --rule alert-on-cancellation
  gavel events replay 0b9f3c1e-demo-1 --rules rules.yaml --yes
  gavel events replay 0b9f3c1e-demo-1 --server http://127.0.0.1:8081`,
		Args: usage.ExactArgs(1, "one event id"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.at.Register(cmd)
	place.EnvAllowFlag(cmd, &f.envAllow)
	usage.Output(cmd, &f.output, "text", "json")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.files, "rules", nil, "rules files or directories (default the rules that were in force last)")
	flags.StringVar(&f.rule, "rule", "", "only this rule")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only show what would start")
	flags.BoolVar(&f.yes, "yes", false, "start it without asking")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command, id string) error {
	if f.dryRun && f.yes {
		return usage.Errorf("give --dry-run or --yes, not both")
	}
	if err := f.at.NoRulesAtServer(cmd); err != nil {
		return err
	}
	options := ruleset.Options{Paths: f.files, EnvAllow: f.envAllow, SecretsDir: place.FlagText(cmd, place.SecretsDir)}
	var set *rules.Set
	if remote, err := f.at.Remote(cmd); err != nil {
		return err
	} else if !remote && len(f.files) > 0 {
		if set, err = place.LoadOrTell(cmd, options); err != nil {
			return err
		}
	}
	f.at.Writes = !f.dryRun
	return f.at.WithDesk(cmd, options, func(d place.Desk) error {
		return usage.WrapInvalid(f.replay(cmd, d, id, set))
	})
}

// replay shows what would start and, after confirmation, starts it. The second
// request has the key of the first, so that nothing starts twice, and its
// revision, so that only what was shown starts.
func (f *replayFlags) replay(cmd *cobra.Command, d place.EventDesk, id string, set *rules.Set) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	request := api.ReplayRequest{Rule: f.rule}
	found, err := d.Replay(ctx, id, set, request)
	if err != nil {
		return err
	}
	switch {
	case f.dryRun, len(found.Runs) == 0, !f.yes && found.Starts() == 0:
		return printReplay(out, f.output, found)
	case !f.yes:
		// The plan is for the person who confirms, not for a program that
		// reads the output.
		if err := printReplay(cmd.ErrOrStderr(), "text", found); err != nil {
			return err
		}
		question := "Start " + terminal.Counted(found.Starts(), "run", "runs") + "?"
		if err := usage.Confirm(ctx, cmd.InOrStdin(), cmd.ErrOrStderr(), question, "nothing was started"); err != nil {
			return err
		}
	}
	request.Confirm, request.Key, request.Revision = true, found.Key, found.Revision
	if found, err = d.Replay(ctx, id, set, request); err != nil {
		return err
	}
	return printReplay(out, f.output, found)
}

func printReplay(w io.Writer, output string, r *api.Replay) error {
	if output == "json" {
		return terminal.JSON(w, r)
	}
	if len(r.Runs) == 0 {
		_, err := fmt.Fprintf(w, "no rule of revision %s matches event %s; \"gavel explain %s\" says why\n", r.Revision, terminal.Safe(r.EventID), terminal.Safe(r.EventID))
		return err
	}
	header, rows := []string{"RULE", "ACTIONS", "WOULD", "BECAUSE"}, [][]string{}
	if r.Replayed {
		header = []string{"RUN", "RULE", "ACTIONS", "STATUS", "REASON"}
	}
	for _, run := range r.Runs {
		actions := strings.Join(run.Actions, ", ")
		if run.Shadow {
			actions += " (shadow: nothing is sent)"
		}
		if r.Replayed {
			rows = append(rows, []string{run.RunID, run.Rule, actions, string(run.Status), run.Reason})
			continue
		}
		rows = append(rows, []string{run.Rule, actions, wouldBe(run.Status), run.Reason})
	}
	if err := terminal.Table(w, header, rows); err != nil {
		return err
	}
	if r.Replayed {
		_, err := fmt.Fprintf(w, "%s created; \"gavel serve\" carries out what is pending\n", terminal.Counted(r.Created, "run", "runs"))
		return err
	}
	if r.Late {
		fmt.Fprintln(w, "A newer event of this meeting is known; late: of each rule decides.")
	}
	_, err := fmt.Fprintf(w, "%s would start for event %s by revision %s. This sends everything again.\n",
		terminal.Counted(r.Starts(), "run", "runs"), terminal.Safe(r.EventID), r.Revision)
	return err
}

func wouldBe(s event.Status) string {
	switch s {
	case event.StatusSkipped:
		return "be skipped"
	case event.StatusFailed:
		return "fail"
	}
	return "start"
}
