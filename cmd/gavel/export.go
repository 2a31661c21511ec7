package main

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
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/export"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/vault"
)

// exportFlags are what both exports know.
type exportFlags struct {
	at                                place
	format, since, until, cursor, out string
}

func (f *exportFlags) register(cmd *cobra.Command) {
	f.at.register(cmd)
	flags := cmd.Flags()
	f.format = export.NDJSON
	flags.Var(&choice{&f.format, []string{export.NDJSON, export.CSV}}, "format", "how to write: ndjson has everything, csv is for spreadsheets")
	flags.StringVar(&f.since, "since", "", "only from this time on: a time, a day, or how long ago, such as 30d")
	flags.StringVar(&f.until, "until", "", "only before this time: a time, a day, or how long ago")
	flags.StringVar(&f.cursor, "cursor", "", "go on behind this cursor, which an earlier export has printed")
	flags.StringVar(&f.out, "out", "", "write to this file; it is called FILE.part until it is whole")
}

// span reads --since and --until.
func (f *exportFlags) span(now time.Time) (since, until time.Time, err error) {
	if since, err = momentFlag("since", f.since, now, time.Local); err != nil {
		return since, until, err
	}
	if until, err = momentFlag("until", f.until, now, time.Local); err != nil {
		return since, until, err
	}
	if !until.IsZero() && !since.Before(until) {
		return since, until, usageError{errors.New("--until must be later than --since")}
	}
	return since, until, nil
}

// momentFlag reads a time, a day in the zone, or how long ago something is;
// the zero time when nothing is given.
func momentFlag(flag, text string, now time.Time, zone *time.Location) (time.Time, error) {
	if text == "" || text == "0" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	if ago, err := rules.ParseDuration(text); err == nil && ago > 0 {
		return now.Add(-time.Duration(ago)), nil
	}
	return time.Time{}, usageError{fmt.Errorf("--%s %q: write a time such as 2026-01-31T09:30:00Z, a day such as 2026-01-31, or how long ago, such as 30d", flag, text)}
}

// settled is how long after its time a row can come into sight: several
// processes number events at once in PostgreSQL, and runs get their ids before
// they are stored.
func settled(database string, remote, runs bool) time.Duration {
	switch {
	case remote, !strings.HasPrefix(database, "sqlite:"):
		return 5 * time.Second
	case runs:
		return time.Second
	}
	return 0
}

// exportSource is where exports read: a database, or a server.
type exportSource interface {
	export.EventSource
	export.RunSource
}

// exportClient reads from a server.
type exportClient struct{ *client.Client }

// Events reads them with their bodies.
func (c exportClient) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	return c.Export(ctx, f)
}

func (f *exportFlags) open(cmd *cobra.Command, do func(s exportSource, remote bool) error) error {
	remote, err := f.at.remote(cmd)
	if err != nil {
		return err
	}
	if remote {
		return f.at.withServer(func(c *client.Client) error { return do(exportClient{c}, true) })
	}
	return withShown(cmd, f.at.database, func(s vault.Store) error { return do(s, false) })
}

// markEach is after how many rows a file notes how far it has come.
const markEach = 10_000

// run exports what write writes. noun names the rows, filter says which.
func (f *exportFlags) run(cmd *cobra.Command, noun, filter string, write func(context.Context, exportSource, export.Options) (export.Result, error)) error {
	return f.open(cmd, func(s exportSource, remote bool) error {
		o := export.Options{Format: f.format, Cursor: f.cursor, NoHeader: f.cursor != "", Settle: settled(f.at.database, remote, noun == "runs")}
		bar := newProgress(cmd.ErrOrStderr())
		bar.noun = noun
		if f.out != "" {
			return f.toFile(cmd, s, noun, filter, o, bar, write)
		}
		to := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
		o.To = to
		o.Page = func(rows int, _ string, at time.Time) error {
			bar.show(rows, at)
			return to.Flush()
		}
		result, err := write(cmd.Context(), s, o)
		bar.done()
		return f.tell(cmd.ErrOrStderr(), noun, result, errors.Join(err, to.Flush()))
	})
}

func (f *exportFlags) toFile(cmd *cobra.Command, s exportSource, noun, filter string, o export.Options, bar *progress, write func(context.Context, exportSource, export.Options) (export.Result, error)) (err error) {
	file, err := export.Open(f.out, noun+" as "+f.format+filter, f.cursor)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	o.To, o.NoHeader = file, !file.Empty()
	marked := 0
	o.Page = func(rows int, cursor string, at time.Time) error {
		bar.show(rows, at)
		if rows-marked < markEach {
			return nil
		}
		marked = rows
		return file.Mark(cursor)
	}
	result, err := write(cmd.Context(), s, o)
	bar.done()
	if err == nil {
		err = file.Finish()
	} else if result.Cursor != "" {
		err = errors.Join(err, file.Mark(result.Cursor))
	}
	return f.tell(cmd.ErrOrStderr(), noun, result, err)
}

// tell says on the error stream how far an export came and how to go on.
func (f *exportFlags) tell(w io.Writer, noun string, r export.Result, err error) error {
	words := counted(r.Rows, strings.TrimSuffix(noun, "s"), noun)
	switch {
	case errors.Is(err, context.Canceled) && r.Cursor == "":
		return fmt.Errorf("interrupted before the first of the %s; run it again", noun)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted after %s; go on with the same command and --cursor %s", words, r.Cursor)
	case err != nil && r.Cursor != "":
		return fmt.Errorf("%w; %s were written, go on with the same command and --cursor %s", err, words, r.Cursor)
	case err != nil:
		return err
	case r.Cursor == "":
		_, err = fmt.Fprintf(w, "no %s\n", noun)
		return err
	}
	_, err = fmt.Fprintf(w, "%s; to export later what comes from now on, add --cursor %s\n", words, r.Cursor)
	return err
}
