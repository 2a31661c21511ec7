package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/event"
)

// Exit codes, for scripts.
const (
	exitOK      = 0
	exitFailed  = 1 // it was tried and did not work, or findings were errors
	exitUsage   = 2 // the command line is wrong
	exitMissing = 3 // what was asked for does not exist
)

// errFindings ends a command with exit 1 after it has printed everything.
var errFindings = errors.New("findings were printed")

// usageError marks mistakes on the command line.
type usageError struct{ error }

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
	if errors.Is(err, errFindings) {
		return exitFailed
	}
	fmt.Fprintf(errOut, "gavel: %v\n", err)
	var usage usageError
	switch {
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintf(errOut, "Run \"%s --help\" for usage.\n", cmd.CommandPath())
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
  gavel check rules.yaml             find every mistake in the rules
  gavel serve --rules rules.yaml     receive events`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Name() != "serve" { // which writes it into its log
				for _, u := range unknownVariables(cmd.Root(), os.Environ()) {
					fmt.Fprintf(cmd.ErrOrStderr(), "gavel: warning: %s\n", u)
				}
			}
			return flagsFromEnvironment(cmd.Flags(), os.LookupEnv)
		},
	}
	root.AddCommand(newSignature())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newServe(), newDemo(), newSend(), newCheck(), newSchema(), newFmt(), newRules(), newEvents(), newRuns(), newVersion(), newLogLevel(), newMigrate(), newBackup(), newRestore())
	root.AddCommand(newExplain(), newTest(), newBacktest(), newReport())
	return root
}

// noArgs and exactArgs are cobra's checks with exit code 2.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usageError{err}
	}
	return nil
}

func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("expected %s, got %d arguments", what, len(args))}
		}
		return nil
	}
}
