// Package listing has what all commands share that list something or show one of
// it: their flags, where they look, how they print for people, programs and
// spreadsheets, and how a list is watched.
package listing

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

// List is what a command has found.
type List struct {
	// Noun names the rows, such as runs.
	Noun    string
	Columns []terminal.Column
	Rows    [][]terminal.Cell
	// Names are what other commands call the rows, one for each.
	Names []string
	// JSON is the list for programs.
	JSON any
	// Above is printed above the table, Below under it.
	Above, Below string
}

// Flags are the flags of a list.
type Flags struct {
	At     place.Place
	Output string
	watch  bool
}

// Register adds the flags to a command.
func (f *Flags) Register(cmd *cobra.Command) {
	f.At.Register(cmd)
	usage.Output(cmd, &f.Output, "table", "json", "csv", "name")
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "show the list again every 2 seconds until interrupted")
}

// watchEach is how often a watched list is shown again.
const watchEach = 2 * time.Second

// Run prints the list that find returns, once or until interrupted.
func (f *Flags) Run(cmd *cobra.Command, find func(context.Context, place.Desk) (*List, error)) error {
	screen := terminal.ScreenOf(cmd)
	if f.watch && (!screen.Terminal || f.Output != "table") {
		return usage.Errorf("--watch draws a table on a terminal again and again; elsewhere, run the command again, or use \"gavel events tail\"")
	}
	return f.At.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
		for {
			list, err := find(cmd.Context(), d)
			switch {
			case f.watch && cmd.Context().Err() != nil:
				return nil
			case err != nil:
				return err
			case !f.watch:
				return f.print(screen, list)
			}
			if err := f.redraw(screen, list); err != nil {
				return err
			}
			select {
			case <-cmd.Context().Done():
				return nil
			case <-time.After(watchEach):
			}
		}
	})
}

func (f *Flags) print(s terminal.Screen, l *List) error {
	switch f.Output {
	case "json":
		return terminal.JSON(s, l.JSON)
	case "csv":
		return terminal.CSV(s, l.Columns, l.Rows)
	case "name":
		for _, name := range l.Names {
			if _, err := fmt.Fprintln(s, terminal.Safe(name)); err != nil {
				return err
			}
		}
		return nil
	}
	if l.Above != "" {
		if _, err := fmt.Fprint(s, l.Above+"\n\n"); err != nil {
			return err
		}
	}
	if len(l.Rows) == 0 {
		_, err := fmt.Fprintln(s, "no "+l.Noun)
		return err
	}
	if err := s.Table(l.Columns, l.Rows); err != nil || l.Below == "" {
		return err
	}
	_, err := fmt.Fprintln(terminal.SafeWriter(s), "\n"+l.Below)
	return err
}

// redraw shows what fits on the terminal.
func (f *Flags) redraw(s terminal.Screen, l *List) error {
	shown := *l
	if s.Height > 0 {
		shown.Rows = l.Rows[:min(len(l.Rows), max(1, s.Height-5))]
	}
	if _, err := io.WriteString(s, "\x1b[H\x1b[2J"); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s, "%s at %s; Ctrl-C ends\n\n", l.Noun, terminal.Clock(time.Now())); err != nil {
		return err
	}
	return f.print(s, &shown)
}

// Span is the flags --since and --until.
type Span struct{ since, until string }

// Register adds the flags; what names the time that they are about.
func (s *Span) Register(cmd *cobra.Command, what string) {
	usage.Since(cmd.Flags(), &s.since, "since", "only "+what+" from this time on: a time, a day, or how long ago, such as 7d")
	usage.Since(cmd.Flags(), &s.until, "until", "only "+what+" before this time: a time, a day, or how long ago")
}

// Times returns the times; zero for those not given.
func (s *Span) Times(now time.Time) (since, until time.Time, err error) {
	if since, err = usage.Moment("since", s.since, now, time.Local); err != nil {
		return since, until, err
	}
	if until, err = usage.Moment("until", s.until, now, time.Local); err != nil {
		return since, until, err
	}
	if !until.IsZero() && !since.Before(until) {
		return since, until, usage.Errorf("--until must be later than --since")
	}
	return since, until, nil
}
