package listing

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

// One is the one thing that a command has found.
type One struct {
	// JSON is it for programs.
	JSON any
	// Text prints it for people, safe for a terminal.
	Text func(w io.Writer) error
}

// Show are the flags of a command that shows one thing.
type Show struct {
	At     place.Place
	Output string
}

// Register adds the flags to a command.
func (s *Show) Register(cmd *cobra.Command) {
	s.At.Register(cmd)
	usage.Output(cmd, &s.Output, "text", "json")
}

// Run prints what find returns.
func (s *Show) Run(cmd *cobra.Command, find func(context.Context, place.Desk) (*One, error)) error {
	return s.At.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
		one, err := find(cmd.Context(), d)
		switch {
		case err != nil:
			return err
		case s.Output == "json":
			return terminal.JSON(cmd.OutOrStdout(), one.JSON)
		}
		return one.Text(cmd.OutOrStdout())
	})
}

// Paused says in a cell until when something is paused, why and by whom.
func Paused(p *event.Pause) terminal.Cell {
	if p == nil {
		return terminal.Cell{Text: "-"}
	}
	text := "until it is resumed"
	if !p.Until.IsZero() {
		text = "until " + terminal.Clock(p.Until)
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return terminal.Cell{Text: text + " (since " + terminal.Clock(p.Since) + ", " + p.By + ")", Paint: terminal.Notice}
}
