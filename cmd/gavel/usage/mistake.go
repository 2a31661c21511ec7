// Package usage is what every command shares of its command line: mistakes on it,
// the number of its arguments, and flags that choose or name a moment.
package usage

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// Error marks mistakes on the command line.
type Error struct{ error }

// NoArgs refuses arguments.
func NoArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return Wrap(err)
	}
	return nil
}

func arguments(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

// ExactArgs refuses other than n arguments; what names them.
func ExactArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return Errorf("expected %s, got %s", what, arguments(len(args)))
		}
		return nil
	}
}

// Errorf is a mistake on the command line, worded as fmt.Errorf does.
func Errorf(format string, args ...any) error { return Error{fmt.Errorf(format, args...)} }

// Wrap makes a mistake on the command line of an error.
func Wrap(err error) error { return Error{err} }

// ErrFindings ends a command with exit 1 after it has printed everything.
var ErrFindings = errors.New("findings were printed")
