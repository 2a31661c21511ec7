package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/backtest"
	"github.com/gavel-rules/gavel/cmd/gavel/check"
	"github.com/gavel-rules/gavel/cmd/gavel/connections"
	"github.com/gavel-rules/gavel/cmd/gavel/demo"
	"github.com/gavel-rules/gavel/cmd/gavel/doctor"
	"github.com/gavel-rules/gavel/cmd/gavel/environment"
	"github.com/gavel-rules/gavel/cmd/gavel/events"
	"github.com/gavel-rules/gavel/cmd/gavel/explain"
	"github.com/gavel-rules/gavel/cmd/gavel/health"
	"github.com/gavel-rules/gavel/cmd/gavel/issues"
	"github.com/gavel-rules/gavel/cmd/gavel/pause"
	"github.com/gavel-rules/gavel/cmd/gavel/refused"
	"github.com/gavel-rules/gavel/cmd/gavel/report"
	"github.com/gavel-rules/gavel/cmd/gavel/rules"
	"github.com/gavel-rules/gavel/cmd/gavel/runs"
	"github.com/gavel-rules/gavel/cmd/gavel/send"
	"github.com/gavel-rules/gavel/cmd/gavel/serve"
	"github.com/gavel-rules/gavel/cmd/gavel/signature"
	"github.com/gavel-rules/gavel/cmd/gavel/starter"
	"github.com/gavel-rules/gavel/cmd/gavel/status"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/tests"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/cmd/gavel/version"
	"github.com/gavel-rules/gavel/event"
)

// Exit codes, for scripts.
const (
	exitOK      = 0
	exitFailed  = 1 // it was tried and did not work, or findings were errors
	exitUsage   = 2 // the command line is wrong
	exitMissing = 3 // what was asked for does not exist
)

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, usage.ErrFindings) {
		return exitFailed
	}
	var told usage.Told
	say := func(format string, args ...any) {
		if !errors.As(err, &told) {
			fmt.Fprintf(errOut, format, args...)
		}
	}
	say("gavel: %v\n", err)
	var mistake usage.Error
	_, _, unknown := root.Find(args) // the one error of Find
	switch {
	case errors.As(err, &mistake), unknown != nil:
		say("Run \"%s --help\" for usage.\n", cmd.CommandPath())
		return exitUsage
	case errors.Is(err, event.ErrNotFound):
		return exitMissing
	}
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gavel",
		Short: "Turn meeting events into Slack messages, HTTP calls and emails",
		Long: `Gavel receives the signed meeting events of Cirrus Insight, matches them against
rules in YAML and carries out their actions. Rules can be edited while it runs.

Every flag can also be set by an environment variable: --console-token is
GAVEL_CONSOLE_TOKEN. The flag wins.`,
		Example: `  gavel demo                         see it work, nothing to set up
  gavel init gavel                   write rules and settings to start with
  gavel check rules.yaml             find every mistake in the rules
  gavel serve --rules rules.yaml     receive events`,
		Version:       version.Current().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := environment.LoadFile(cmd.Flags()); err != nil {
				return err
			}
			if cmd.Name() != "serve" { // which writes it into its log
				for _, u := range environment.Unknown(cmd.Root(), os.Environ()) {
					fmt.Fprintf(cmd.ErrOrStderr(), "gavel: warning: %s\n", u)
				}
			}
			return environment.Fill(cmd.Flags(), os.LookupEnv)
		},
	}
	color := "auto"
	root.PersistentFlags().Var(usage.OneOf(&color, []string{"auto", "always", "never"}), terminal.ColorFlag, "when to use colors: auto means on a terminal, unless NO_COLOR is set")
	root.PersistentFlags().String(environment.FileFlag, "", "file with environment variables, as NAME=VALUE lines; what the environment has already wins")
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(signature.New())
	root.SetFlagErrorFunc(usage.Flag)
	root.AddCommand(serve.New(), demo.New(), send.New(), check.New(), newSchema(), newFmt(), rules.New(), connections.New(), events.New(), runs.New(), issues.New(), newVersion(), newLogLevel(), newMigrate(), newCopy(), newBackup(), newRestore())
	root.AddCommand(pause.NewAll(), pause.NewResumeAll(), status.New(), health.New(), refused.New(), explain.New(), tests.New(), backtest.New(), report.New())
	root.AddCommand(newCompact(), newDocs(), newManual())
	root.AddCommand(starter.New(), doctor.New())
	// Cobra would add it later, and with an error that is not of package usage.
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		for _, shell := range completion.Commands() {
			shell.Args = usage.NoArgs
		}
	}
	return root
}
