package issues

import (
	"context"
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

// changes makes a command that does the same to one or several issues.
func changes(cmd *cobra.Command, at *place.Place, ready func() error, do func(ctx context.Context, d place.Desk, id string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage.Errorf("give one or more issue ids; \"gavel issues list\" shows them")
		}
		if err := ready(); err != nil {
			return err
		}
		at.Writes = true
		return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
			var problems []error
			for _, id := range args {
				if err := do(cmd.Context(), d, id); err != nil {
					problems = append(problems, usage.WrapInvalid(err))
				}
			}
			return errors.Join(problems...)
		})
	}
	at.Register(cmd)
	return cmd
}

func always() error { return nil }

func newResolve() *cobra.Command {
	var at place.Place
	cmd := &cobra.Command{
		Use:   "resolve ISSUE-ID …",
		Short: "Acknowledge all failures of an issue so far",
		Long: `The runs stay failed and can still be retried, but they do not count as failing any more. The
issue comes back by itself when it happens again.`,
		Example: "  gavel issues resolve 3f9a0c1d2b4e",
	}
	return changes(cmd, &at, always, func(ctx context.Context, d place.Desk, id string) error {
		i, err := d.ResolveIssue(ctx, id, api.ResolveRequest{})
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "resolved %s (%s)\n", i.ID, subject(i.Rule, i.Action, i.Cause))
		}
		return err
	})
}

func newMute() *cobra.Command {
	var at place.Place
	var r api.MuteRequest
	var until string
	cmd := &cobra.Command{
		Use:   "mute ISSUE-ID …",
		Short: "Keep an issue from counting as trouble for a while",
		Long: `The issue stays in the list and goes on counting, but it does not count as trouble: not on the
first page of the console, and not in alerts. When the time is over it is open again.`,
		Example: `  gavel issues mute 3f9a0c1d2b4e --for 2h
  gavel issues mute 3f9a0c1d2b4e --until 2026-03-02T09:00:00Z`,
	}
	cmd.Flags().StringVar(&r.For, "for", "", "for how long, such as 2h or 7d")
	cmd.Flags().StringVar(&until, "until", "", "until when, such as 2026-03-02T09:00:00Z")
	ready := func() (err error) {
		if (r.For == "") == (until == "") {
			return usage.Errorf("give --for, such as 2h or 7d, or --until")
		}
		r.Until, err = usage.ParseMoment("--until", until)
		return err
	}
	return changes(cmd, &at, ready, func(ctx context.Context, d place.Desk, id string) error {
		i, err := d.MuteIssue(ctx, id, r)
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "muted %s until %s (%s)\n", i.ID, terminal.Clock(i.MutedUntil), subject(i.Rule, i.Action, i.Cause))
		}
		return err
	})
}

func newUnmute() *cobra.Command {
	var at place.Place
	cmd := &cobra.Command{
		Use:     "unmute ISSUE-ID …",
		Short:   "Let a muted issue count as trouble again",
		Example: "  gavel issues unmute 3f9a0c1d2b4e",
	}
	return changes(cmd, &at, always, func(ctx context.Context, d place.Desk, id string) error {
		i, err := d.UnmuteIssue(ctx, id)
		if err == nil {
			fmt.Fprintf(cmd.OutOrStdout(), "unmuted %s (%s)\n", i.ID, subject(i.Rule, i.Action, i.Cause))
		}
		return err
	})
}

func newRetry() *cobra.Command {
	var at place.Place
	var yes bool
	cmd := &cobra.Command{
		Use:   "retry ISSUE-ID …",
		Short: "Retry all runs of an issue that are failed now",
		Long: `Makes the runs due again from the action they stopped at; earlier actions are not repeated. First it
shows how many runs there are, over which connection they go and to whom. On a
terminal it then asks; otherwise --yes is required.`,
		Example: "  gavel issues retry 3f9a0c1d2b4e --yes",
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "retry without asking")
	return changes(cmd, &at, always, func(ctx context.Context, d place.Desk, id string) error {
		return retry(ctx, cmd, d, id, yes)
	})
}

func retry(ctx context.Context, cmd *cobra.Command, d place.Desk, id string, yes bool) error {
	plan, err := d.RetryIssue(ctx, id, api.RetryRequest{})
	if err != nil {
		return err
	}
	held, err := heldBy(ctx, d, plan)
	if err != nil {
		return err
	}
	if !yes {
		if held != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), held)
		}
		question, err := preview(cmd, plan)
		if err != nil {
			return err
		}
		if err := usage.Confirm(ctx, cmd.InOrStdin(), cmd.ErrOrStderr(), question, "nothing was retried"); err != nil {
			return err
		}
	}
	done, err := d.RetryIssue(ctx, plan.ID, api.RetryRequest{Confirm: true})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s of issue %s retried", terminal.Counted(done.Retried, "run", "runs"), done.ID)
	if done.Gone > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), ", %d had changed already", done.Gone)
	}
	if left := done.Failing - int64(done.Retried+done.Gone); left > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), ", %d are left; repeat the command", left)
	}
	if held != "" {
		fmt.Fprint(cmd.OutOrStdout(), "\n"+held)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout())
	return err
}

// heldBy says which pause holds what is retried; empty when none does.
func heldBy(ctx context.Context, d place.PauseDesk, plan *api.IssueRetry) (string, error) {
	pauses, err := d.Pauses(ctx)
	for _, p := range pauses {
		if p.Key == event.PauseAll || p.Key == event.PauseRule(plan.Rule) || plan.Connection != "" && p.Key == event.PauseConnection(plan.Connection) {
			return "held until it is resumed: " + terminal.Safe(p.String()), err
		}
	}
	return "", err
}

// preview shows a person who confirms, on the error stream, what would be
// retried, and returns the question.
func preview(cmd *cobra.Command, plan *api.IssueRetry) (question string, err error) {
	w := cmd.ErrOrStderr()
	fmt.Fprintf(w, "issue %s: %s\n", plan.ID, subject(plan.Rule, plan.Action, plan.Cause))
	if err := printRuns(w, plan.Runs); err != nil {
		return "", err
	}
	if more := plan.Failing - int64(len(plan.Runs)); more > 0 {
		fmt.Fprintf(w, "… and %d more\n", more)
	}
	question = "Retry " + terminal.Counted(int(plan.Failing), "run", "runs")
	if plan.Connection != "" {
		question += " over " + terminal.Safe(plan.Connection)
	}
	return question + "?", nil
}

// subject is what an issue is about, on one line.
func subject(rule, action string, cause event.Cause) string {
	if action != "" {
		rule += ", action " + action
	}
	return terminal.Safe(rule) + ": " + string(cause)
}
