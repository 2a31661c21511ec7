// Package usage has what all commands share of their command line: errors, the
// number of arguments, and flags for choices and times.
package usage

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/event"
)

// Error marks mistakes on the command line.
type Error struct{ error }

// NoArgs rejects arguments.
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
	return strconv.Itoa(n) + " arguments"
}

// ExactArgs requires n arguments; what describes them.
func ExactArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return Errorf("expected %s, got %s", what, arguments(len(args)))
		}
		return nil
	}
}

// Errorf returns an Error formatted as by fmt.Errorf.
func Errorf(format string, args ...any) error { return Error{fmt.Errorf(format, args...)} }

// Wrap marks an error as a mistake on the command line.
func Wrap(err error) error { return Error{err} }

// WrapInvalid marks an error as a mistake on the command line if it says that
// what was asked for is invalid.
func WrapInvalid(err error) error {
	if errors.Is(err, event.ErrInvalid) {
		return Wrap(err)
	}
	return err
}

// ErrFindings ends a command with exit 1 after it has printed everything.
var ErrFindings = errors.New("findings were printed")

// Told is an error that the user has been told already; only the exit code is
// left.
type Told struct{ Err error }

func (t Told) Error() string { return t.Err.Error() }
func (t Told) Unwrap() error { return t.Err }
