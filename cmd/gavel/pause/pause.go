// Package pause has the commands that pause and resume what sends: a rule, a
// connection or everything.
package pause

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

// NewAll returns the command "gavel pause".
func NewAll() *cobra.Command {
	var all bool
	var output string
	o := options{}
	cmd := &cobra.Command{
		Use:   "pause [--all]",
		Short: "Stop everything that goes out, or list what is paused",
		Long: `With --all, nothing goes out until "gavel resume --all": events are still received and
matched, and what becomes due is held. Without it, lists what is paused.

One rule is paused by "gavel rules pause", one connection by "gavel connections pause".`,
		Example: `  gavel pause --all --for 1h --reason "CRM migration"
  gavel pause`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all {
				return o.pause(cmd, event.PauseAll)
			}
			for _, name := range []string{"for", "reason"} {
				if cmd.Flags().Changed(name) {
					return usage.Errorf("--%s: give --all as well, or pause one rule or connection: gavel rules pause NAME, gavel connections pause NAME", name)
				}
			}
			return o.list(cmd, output)
		},
	}
	o.register(cmd)
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().BoolVar(&all, "all", false, "pause everything that goes out")
	return cmd
}

// NewResumeAll returns the command "gavel resume".
func NewResumeAll() *cobra.Command {
	var all bool
	cmd := resuming(what{
		use: "resume --all", short: "End the pause of everything",
		long: `Ends "gavel pause --all". What was held goes out in the order in which it was due; what
waited with if_past: skip, and whose time has passed, is skipped. Without --yes it
only shows what would happen. Pauses of single rules and connections stay.`,
		example: "  gavel resume --all --yes",
		key: func([]string) (event.PauseKey, error) {
			if !all {
				return "", usage.Errorf("give --all, or resume a rule or a connection: gavel rules resume NAME, gavel connections resume NAME")
			}
			return event.PauseAll, nil
		},
	})
	cmd.Args = usage.NoArgs
	cmd.Flags().BoolVar(&all, "all", false, "resume everything")
	return cmd
}

// Rule returns the commands "pause" and "resume" of "gavel rules".
func Rule() []*cobra.Command { return named("rule", "later", event.PauseRule) }

// Connection returns the commands "pause" and "resume" of "gavel connections".
func Connection() []*cobra.Command { return named("connection", "crm", event.PauseConnection) }

func named(kind, example string, key func(string) event.PauseKey) []*cobra.Command {
	keyOf := func(args []string) (event.PauseKey, error) {
		if len(args) != 1 || args[0] == "" {
			return "", usage.Errorf("give the name of one %s, as \"gavel %ss list\" shows it", kind, kind)
		}
		return key(args[0]), nil
	}
	held, names := "Its runs", (*place.Place).Rules
	if kind == "connection" {
		held, names = "Runs that would call it", (*place.Place).Connections
	}
	return []*cobra.Command{
		pausing(what{
			use: "pause NAME", short: "Hold what a " + kind + " sends",
			long: held + ` are held before they send, those that wait already too, on all machines and over
restarts, until the time in --for is over or somebody resumes it. Events are still
received and matched. A call that is under way finishes.`,
			example: fmt.Sprintf("  gavel %ss pause %s --for 2h --reason \"wrong template\"", kind, example),
			key:     keyOf, names: names,
		}),
		resuming(what{
			use: "resume NAME", short: "End the pause of a " + kind,
			long: `What was held goes out in the order in which it was due; what waited with
if_past: skip, and whose time has passed, is skipped. Without --yes it only shows
what would happen.`,
			example: fmt.Sprintf("  gavel %ss resume %s --yes", kind, example),
			key:     keyOf, names: names,
		}),
	}
}

// what describes a command.
type what struct {
	use, short, long, example string
	key                       func(args []string) (event.PauseKey, error)
	// names suggests what can be named; nil when there is nothing to name.
	names func(*place.Place) place.Completion
}

func (w what) command() *cobra.Command {
	return &cobra.Command{Use: w.use, Short: w.short, Long: w.long, Example: w.example}
}

// options are the flags of a pause.
type options struct {
	at place.Place
	api.PauseRequest
}

func (o *options) register(cmd *cobra.Command) {
	o.at.Register(cmd)
	cmd.Flags().StringVar(&o.For, "for", "", "for how long, such as 30m, 2h or 3d; without it, until it is resumed")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why; it is shown wherever the pause is")
}

func (o *options) pause(cmd *cobra.Command, key event.PauseKey) error {
	o.at.Writes = true
	return o.at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
		p, err := d.Pause(cmd.Context(), key, o.PauseRequest)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(terminal.SafeWriter(cmd.OutOrStdout()), "%s\n", p.String())
		return err
	})
}

func pausing(w what) *cobra.Command {
	o := options{}
	cmd := w.command()
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		key, err := w.key(args)
		if err != nil {
			return err
		}
		return o.pause(cmd, key)
	}
	o.register(cmd)
	cmd.ValidArgsFunction = w.names(&o.at)
	return cmd
}

func resuming(w what) *cobra.Command {
	var at place.Place
	var yes bool
	var output string
	cmd := w.command()
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		key, err := w.key(args)
		if err != nil {
			return err
		}
		at.Writes = yes
		return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
			out, err := d.Resume(cmd.Context(), key, api.ResumeRequest{Confirm: yes})
			if err != nil {
				return err
			}
			if output == "json" {
				return terminal.JSON(cmd.OutOrStdout(), out)
			}
			return printResumption(terminal.SafeWriter(cmd.OutOrStdout()), out)
		})
	}
	at.Register(cmd)
	if w.names != nil {
		cmd.ValidArgsFunction = w.names(&at)
	}
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().BoolVar(&yes, "yes", false, "resume; without it, only show what would happen")
	return cmd
}

func printResumption(out io.Writer, r *api.Resumption) error {
	goes, text, past := int(r.GoesOut()), "no run is held", ""
	if r.Resumed {
		if text = "no run was held"; goes > 0 {
			text = terminal.Counted(goes, "held run continues", "held runs continue") + " now"
		}
		if r.Past > 0 {
			past = ", " + terminal.Counted(int(r.Past), "more is", "more are") + " skipped because the time has passed"
		}
		_, err := fmt.Fprintf(out, "%s is resumed: %s%s\n", r.Key.Title(), text, past)
		return err
	}
	if goes > 0 {
		text = terminal.Counted(goes, "held run", "held runs") + " would continue now"
	}
	if r.Past > 0 {
		past = fmt.Sprintf(", %d more would be skipped because the time has passed", r.Past)
	}
	_, err := fmt.Fprintf(out, "%s\n%s%s; add --yes to resume\n", r.Pause.String(), text, past)
	return err
}

func (o *options) list(cmd *cobra.Command, output string) error {
	return o.at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
		list, err := d.Pauses(cmd.Context())
		switch {
		case err != nil:
			return err
		case output == "json":
			return terminal.JSON(cmd.OutOrStdout(), append([]api.Pause{}, list...))
		case len(list) == 0:
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "nothing is paused")
			return err
		}
		rows := make([][]string, 0, len(list))
		for _, p := range list {
			until := terminal.Clock(p.Until)
			if p.Until.IsZero() {
				until = "resumed"
			}
			rows = append(rows, []string{p.Key.Title(), terminal.Clock(p.Since), until, fmt.Sprint(p.Held), p.By, p.Reason})
		}
		return terminal.Table(cmd.OutOrStdout(), []string{"PAUSED", "SINCE", "UNTIL", "HELD", "BY", "REASON"}, rows)
	})
}
