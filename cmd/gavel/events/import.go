package events

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/imports"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

func newImport() *cobra.Command {
	var database, onError string
	var dry bool
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Import exported or archived events, as history",
		Long: `Reads what "gavel events export" has written, or files of an archive (compressed as
they are), and stores the events as history: they start no runs and send nothing.
To let rules work on one of them, use "gavel events replay" afterwards. The runs in
an archive are not imported, and neither are Gavel's own events.

Events that are stored already are counted and left as they are, so an import can be
repeated. It works beside a running "gavel serve". A file named - is the standard
input.

By default the import ends at the first line that it cannot use, without storing
those that were read with it, up to 500. Events that were exported with hidden
fields are such lines.`,
		Example: `  gavel events import events.ndjson --dry-run
  gavel events import /var/lib/gavel/archive/2026-05-*.ndjson.gz`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.Errorf("expected at least one file, or - for the standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return place.WithStore(cmd, database, place.AccessFor(!dry), func(s store.Store) error {
				for _, name := range args {
					if err := importFile(cmd, s, name, imports.Options{DryRun: dry}, onError == "skip"); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	place.DatabaseFlag(cmd, &database)
	onError = "stop"
	cmd.Flags().Var(usage.OneOf(&onError, []string{"stop", "skip"}), "on-error", "what to do with a line that cannot be imported; skipped ones are listed")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only check the files, and count")
	return cmd
}

// importFile imports one file and says what came of it.
func importFile(cmd *cobra.Command, s store.Store, name string, o imports.Options, skip bool) error {
	in, shown := cmd.InOrStdin(), "standard input"
	if name != usage.StandardInput {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		in, shown = io.Reader(file), name
	}
	errOut := terminal.SafeWriter(cmd.ErrOrStderr())
	o.Bad = func(line int, err error) error {
		err = fmt.Errorf("line %d: %w", line, err)
		if skip {
			fmt.Fprintf(errOut, "skipped: %s, %v\n", shown, err)
			return nil
		}
		return err
	}
	o.Open = func(r *event.Record) (*event.Record, error) { return vault.FromArchive(s, r, nil) }
	bar := terminal.NewProgress(cmd.ErrOrStderr(), "events")
	o.Tell = func(r imports.Result, last *event.Record) { bar.Show(r.Stored+r.Known, last.Event.Received) }
	result, err := imports.Read(cmd.Context(), in, s, o)
	bar.Done()
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted; run the same command again to continue")
	} else if err != nil {
		err = fmt.Errorf("%s, %w", shown, err)
	}
	verb := "stored"
	if o.DryRun {
		verb = "would be stored"
	}
	_, printed := fmt.Fprintf(terminal.SafeWriter(cmd.OutOrStdout()), "%s: %s %s, %d known already, %d of Gavel's own left out, %s\n", shown,
		terminal.Counted(result.Stored, "event", "events"), verb, result.Known, result.Own, terminal.Counted(result.Bad, "bad line", "bad lines"))
	if err == nil && result.Bad > 0 {
		err = usage.ErrFindings
	}
	return errors.Join(err, printed)
}
