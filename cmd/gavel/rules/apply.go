package rules

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

// applyFlags are the flags of the command.
type applyFlags struct {
	at                    place.Place
	output                string
	envAllow              []string
	upcoming, dryRun, yes bool
}

func newApply() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:   "apply NAME --upcoming",
		Short: "Apply a rule to meetings that were booked before it",
		Long: `A rule starts runs for the events that are received while it is in force. This command
applies a rule in force to the meetings that are still to come, too: it meets the newest
event of each as if the meeting were booked now. Waits follow the meeting; what is past
obeys if_past. A meeting that has a run of the rule already is left alone, unless that was
skipped before it did anything, so the command can be stopped and repeated.

First it shows what would be added. On a terminal it then asks; otherwise --yes is
required. Rules with a threshold, a throttle or a digest cannot be applied.`,
		Example: `  gavel rules apply remind --upcoming --dry-run
  gavel rules apply remind --upcoming --yes
  gavel rules apply remind --upcoming --server http://127.0.0.1:8081`,
		Args: usage.ExactArgs(1, "the name of one rule"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.at.Register(cmd)
	place.EnvAllowFlag(cmd, &f.envAllow)
	usage.Output(cmd, &f.output, "text", "json")
	flags := cmd.Flags()
	flags.BoolVar(&f.upcoming, "upcoming", false, "apply it to the meetings that are still to come")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only show what would be added")
	flags.BoolVar(&f.yes, "yes", false, "add it without asking")
	cmd.ValidArgsFunction = f.at.Rules()
	return cmd
}

func (f *applyFlags) run(cmd *cobra.Command, rule string) error {
	switch {
	case !f.upcoming:
		return usage.Errorf("give --upcoming: a rule is applied to the meetings that are still to come")
	case f.dryRun && f.yes:
		return usage.Errorf("give --dry-run or --yes, not both")
	}
	f.at.Writes = !f.dryRun
	options := ruleset.Options{EnvAllow: f.envAllow, SecretsDir: place.FlagText(cmd, place.SecretsDir)}
	return f.at.WithDesk(cmd, options, func(d place.Desk) error {
		return usage.WrapInvalid(f.apply(cmd, d, rule))
	})
}

// apply shows what would be added and, after confirmation, adds it by the rules
// that were shown.
func (f *applyFlags) apply(cmd *cobra.Command, d place.RuleDesk, rule string) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	request := api.ApplyRequest{Confirm: f.yes}
	if !f.yes {
		found, err := all(ctx, cmd.ErrOrStderr(), d, rule, request)
		if err != nil {
			return err
		}
		if f.dryRun || found.Added == 0 {
			return printApplication(out, f.output, found)
		}
		// The plan is for the person who confirms, not for a program that reads
		// the output.
		if err := printApplication(cmd.ErrOrStderr(), "text", found); err != nil {
			return err
		}
		question := "Add " + terminal.Counted(found.Added, "run", "runs") + "?"
		if err := usage.Confirm(ctx, cmd.InOrStdin(), cmd.ErrOrStderr(), question, "nothing was added"); err != nil {
			return err
		}
		request = api.ApplyRequest{Confirm: true, Revision: found.Revision}
	}
	done, err := all(ctx, cmd.ErrOrStderr(), d, rule, request)
	if err != nil && done.Added > 0 {
		return fmt.Errorf("%w; %s added before, repeat the command to add the others", err, terminal.Counted(done.Added, "run was", "runs were"))
	}
	if err != nil {
		return err
	}
	return printApplication(out, f.output, done)
}

// all repeats a request until all events were looked at. After an error it returns
// what was done before as well.
func all(ctx context.Context, progress io.Writer, d place.RuleDesk, rule string, r api.ApplyRequest) (*api.Application, error) {
	shown := terminal.NewProgress(progress, "events")
	defer shown.Done()
	sum := &api.Application{Runs: []api.AppliedRun{}}
	for {
		part, err := d.Apply(ctx, rule, r)
		if err != nil {
			return sum, err
		}
		sum.Plus(part)
		shown.Show(sum.Events, sum.Through)
		if part.Next == "" {
			return sum, nil
		}
		r.Cursor, r.Revision = part.Next, part.Revision
	}
}

// previewed is how many runs are shown.
const previewed = 5

func printApplication(w io.Writer, output string, a *api.Application) error {
	if output == "json" {
		return terminal.JSON(w, a)
	}
	header, rows := []string{"MEETING", "START", "THEN"}, [][]string{}
	for _, run := range a.Runs[:min(previewed, len(a.Runs))] {
		then := "starts at once"
		switch {
		case run.Then == api.AppliedWaits:
			then = "waits until " + terminal.Clock(run.Due)
		case run.Then == api.AppliedSkips:
			then = "skipped: " + terminal.Clock(run.Due) + " is past"
		case !run.Due.IsZero():
			then = "starts at once: " + terminal.Clock(run.Due) + " is past"
		}
		rows = append(rows, []string{run.MeetingID, terminal.Clock(run.Start), then})
	}
	if len(rows) > 0 {
		if err := terminal.Table(w, header, rows); err != nil {
			return err
		}
	}
	if more := a.Added - len(rows); more > 0 {
		fmt.Fprintf(w, "… and %d more\n", more)
	}
	_, err := fmt.Fprintln(w, terminal.Safe(sentence(a)))
	return err
}

// sentence says what was or would be added, and what not.
func sentence(a *api.Application) string {
	verb, goes := " would be added", "would go out at once"
	if a.Applied {
		verb, goes = " added", "at once"
	}
	first := terminal.Counted(a.Added, "run", "runs") + verb
	if past := a.Past(); past > 0 {
		var how []string
		if a.Skipped > 0 {
			how = append(how, fmt.Sprintf("%d skipped", a.Skipped))
		}
		if a.Late > 0 {
			how = append(how, fmt.Sprintf("%d %s", a.Late, goes))
		}
		first += fmt.Sprintf(", of which %s past (%s)", terminal.Counted(past, "is", "are"), strings.Join(how, ", "))
	}
	if a.AtOnce > 0 {
		first += fmt.Sprintf(", %d without a wait %s", a.AtOnce, goes)
	}
	parts := []string{first}
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, terminal.Counted(n, one, many))
		}
	}
	add(a.Had, "meeting has one already", "meetings have one already")
	add(a.Unmatched, "does not match", "do not match")
	add(a.Unclear, "cannot be evaluated", "cannot be evaluated")
	if a.Unclear > 0 {
		parts[len(parts)-1] += fmt.Sprintf(` ("gavel explain %s --rules FILE" says why)`, a.UnclearEvent)
	}
	add(a.Changed, "has changed meanwhile, repeat the command", "have changed meanwhile, repeat the command")
	if a.Shadow {
		parts = append(parts, "nothing is sent, because the rule is in shadow mode")
	}
	if a.Paused != "" {
		parts = append(parts, "held: "+a.Paused)
	}
	return strings.Join(parts, "; ")
}
