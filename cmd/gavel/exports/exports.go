// Package exports has what the exports of events and of runs share: their
// flags, the file they write and how they continue after an interruption.
package exports

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/export"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/ruleset"
)

// Flags are the flags of both exports.
type Flags struct {
	at                                place.Place
	format, since, until, cursor, out string
}

// Register adds the flags to a command.
func (f *Flags) Register(cmd *cobra.Command) {
	f.at.Register(cmd)
	flags := cmd.Flags()
	f.format = export.NDJSON
	flags.Var(usage.OneOf(&f.format, []string{export.NDJSON, export.CSV}), "format", "how to write: ndjson has everything, csv is for spreadsheets")
	usage.Since(flags, &f.since, "since", "only from this time on: a time, a day, or how long ago, such as 30d")
	usage.Since(flags, &f.until, "until", "only before this time: a time, a day, or how long ago")
	flags.StringVar(&f.cursor, "cursor", "", "continue after this cursor, printed by an earlier export")
	flags.StringVar(&f.out, "out", "", "write to this file; it is called FILE.part until complete")
}

// Span reads --since and --until.
func (f *Flags) Span(now time.Time) (since, until time.Time, err error) {
	if since, err = usage.Moment("since", f.since, now, time.Local); err != nil {
		return since, until, err
	}
	if until, err = usage.Moment("until", f.until, now, time.Local); err != nil {
		return since, until, err
	}
	if !until.IsZero() && !since.Before(until) {
		return since, until, usage.Errorf("--until must be later than --since")
	}
	return since, until, nil
}

// minAge is how old a row must be so that no earlier one can still appear:
// several processes number events concurrently in PostgreSQL, and runs get
// their ids before they are stored.
func minAge(database string, remote, runs bool) time.Duration {
	switch {
	case remote, !strings.HasPrefix(database, "sqlite:"):
		return 5 * time.Second
	case runs:
		return time.Second
	}
	return 0
}

// Source is where exports read: a database, or a server.
type Source interface {
	export.EventSource
	export.RunSource
}

// server reads from a server.
type server struct{ *client.Client }

// Events reads them with their bodies.
func (c server) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	return c.Export(ctx, f)
}

func (f *Flags) open(cmd *cobra.Command, do func(s Source, remote bool) error) error {
	remote, err := f.at.Remote(cmd)
	if err != nil {
		return err
	}
	if remote {
		return f.at.WithServer(func(c *client.Client) error { return do(server{c}, true) })
	}
	return place.WithShown(cmd, f.at.Database, func(s *privacy.Shown) error { return do(s, false) })
}

// KnownRule rejects the name of a rule that is not in force and of which no run is
// stored, before anything is written; an empty name is fine.
func (f *Flags) KnownRule(cmd *cobra.Command, name string) error {
	if name == "" {
		return nil
	}
	return f.at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
		return place.KnownRule(cmd.Context(), d, "--rule", name)
	})
}

// markEach is after how many rows a file records its progress.
const markEach = 10_000

// Run exports with write. noun names the rows, filter identifies the
// selection.
func (f *Flags) Run(cmd *cobra.Command, noun, filter string, write func(context.Context, Source, export.Options) (export.Result, error)) error {
	return f.open(cmd, func(s Source, remote bool) error {
		o := export.Options{Format: f.format, Cursor: f.cursor, NoHeader: f.cursor != "", MinAge: minAge(f.at.Database, remote, noun == "runs")}
		bar := terminal.NewProgress(cmd.ErrOrStderr(), noun)
		if f.out != "" {
			return f.toFile(cmd, s, noun, filter, o, bar, write)
		}
		to := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
		o.To = to
		o.Page = func(rows int, _ string, at time.Time) error {
			bar.Show(rows, at)
			return to.Flush()
		}
		result, err := write(cmd.Context(), s, o)
		bar.Done()
		return f.tell(cmd.ErrOrStderr(), noun, result, errors.Join(err, to.Flush()))
	})
}

func (f *Flags) toFile(cmd *cobra.Command, s Source, noun, filter string, o export.Options, bar *terminal.Progress, write func(context.Context, Source, export.Options) (export.Result, error)) (err error) {
	file, err := export.Open(f.out, noun+" as "+f.format+filter, f.cursor)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	o.To, o.NoHeader = file, !file.Empty()
	marked := 0
	o.Page = func(rows int, cursor string, at time.Time) error {
		bar.Show(rows, at)
		if rows-marked < markEach {
			return nil
		}
		marked = rows
		return file.Mark(cursor)
	}
	result, err := write(cmd.Context(), s, o)
	bar.Done()
	if err == nil {
		err = file.Finish()
	} else if result.Cursor != "" {
		err = errors.Join(err, file.Mark(result.Cursor))
	}
	return f.tell(cmd.ErrOrStderr(), noun, result, err)
}

// tell prints on the error stream how far an export got and how to continue.
func (f *Flags) tell(w io.Writer, noun string, r export.Result, err error) error {
	words := terminal.Counted(r.Rows, strings.TrimSuffix(noun, "s"), noun)
	switch {
	case errors.Is(err, context.Canceled) && r.Cursor == "":
		return fmt.Errorf("interrupted before the first of the %s; run it again", noun)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted after %s; continue with the same command and --cursor %s", words, r.Cursor)
	case err != nil && r.Cursor != "":
		return fmt.Errorf("%w; %s were written, continue with the same command and --cursor %s", err, words, r.Cursor)
	case err != nil:
		return err
	case r.Cursor == "":
		_, err = fmt.Fprintf(w, "no %s\n", noun)
		return err
	}
	_, err = fmt.Fprintf(w, "%s; to export newer ones later, add --cursor %s\n", words, r.Cursor)
	return err
}
