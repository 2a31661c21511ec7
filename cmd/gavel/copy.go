package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/store/transfer"
	"github.com/gavel-rules/gavel/vault"
)

// copyFlags are the flags of copy as they are typed.
type copyFlags struct {
	from, fromFile, to, toFile string
	keep, undo                 bool
}

func newCopy() *cobra.Command {
	var f copyFlags
	cmd := &cobra.Command{
		Use:   "copy --from URL --to URL",
		Short: "Copy a database into another, such as from SQLite to PostgreSQL",
		Long: `Copies everything in a database into an empty one of the same or the other kind, in
order: events, runs with their attempts, waits, rules, memory, pauses, issues, counts.
Afterwards both are read again and compared. Encrypted data is copied as it is, and
needs the same keys there; the command itself needs none.

Stop every "gavel serve" on both first; the command fails while one runs. From its
begin on, the source cannot be served any more, so that no run is carried out twice;
what waits continues on the target. If it is interrupted, even with kill -9, run the
same command again: it continues where it stopped.

--undo lets a source be served again, for example if the copy was given up.`,
		Example: `  gavel copy --from sqlite:gavel.db --to postgres://gavel@db.acme.example/gavel
  gavel copy --undo --from sqlite:gavel.db`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "database to copy: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	flags.StringVar(&f.fromFile, "from-file", "", "file with the URL of the database to copy")
	flags.StringVar(&f.to, "to", "", "empty database to copy into; a file of SQLite, or the tables in PostgreSQL, are created")
	flags.StringVar(&f.toFile, "to-file", "", "file with the URL of the database to copy into")
	flags.BoolVar(&f.keep, "keep-source", false, "let the source be served afterwards; what waits is then sent from both, unless one is only looked at")
	flags.BoolVar(&f.undo, "undo", false, "only let the database --from be served again")
	return cmd
}

func (f *copyFlags) run(cmd *cobra.Command) error {
	from, err := place.URLOrFile("from", f.from, f.fromFile)
	if err != nil {
		return err
	}
	to, err := place.URLOrFile("to", f.to, f.toFile)
	if err != nil {
		return err
	}
	out := terminal.SafeWriter(cmd.OutOrStdout())
	switch {
	case from == "":
		return usage.Errorf("--from is required: the database to copy")
	case f.undo:
		moved, err := vault.UndoCopy(cmd.Context(), from)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s can be served again; it had been moved to %s\n", vault.RedactURL(from), moved)
		}
		return err
	case to == "":
		return usage.Errorf("--to is required: an empty database to copy into")
	case from == to:
		return usage.Errorf("--from and --to are the same database")
	}
	tell := newCopyTeller(cmd.ErrOrStderr())
	copied, err := vault.Copy(cmd.Context(), from, to, vault.CopyOptions{KeepSource: f.keep, Tell: tell.tell})
	tell.end()
	if err != nil {
		return err
	}
	rows := int64(0)
	for _, c := range copied {
		rows += c.Rows
		fmt.Fprintf(out, "%9d  %-14s sha256 %.16s…\n", c.Rows, c.Table, c.Hash)
	}
	fmt.Fprintf(out, "%s copied; both databases have the same number of rows, with the same content, in all %d tables\n",
		terminal.Counted(int(rows), "row", "rows"), len(copied))
	if f.keep {
		fmt.Fprintf(out, "%s can still be served: what waits is then sent from both\n", vault.RedactURL(from))
		return nil
	}
	if f.toFile != "" {
		fmt.Fprintf(out, "now start: gavel serve --database-file %s\n", f.toFile)
		return nil
	}
	fmt.Fprintf(out, "now start: gavel serve --database %s\n", vault.RedactURL(to))
	return nil
}

// copyTeller shows the progress: one line that changes on a terminal, otherwise a
// line for each table that has rows.
type copyTeller struct {
	w     io.Writer
	live  bool
	shown time.Time
}

func newCopyTeller(w io.Writer) *copyTeller {
	file, ok := w.(*os.File)
	return &copyTeller{w: w, live: ok && isatty.IsTerminal(file.Fd())}
}

func (t *copyTeller) tell(p transfer.Progress) {
	what := "copied"
	if p.Comparing {
		what = "compared"
	}
	switch {
	case t.live && (p.Done || time.Since(t.shown) > 100*time.Millisecond):
		t.shown = time.Now()
		fmt.Fprintf(t.w, "\r%s: %d of %d %s\x1b[K", p.Table, p.Rows, p.Of, what)
	case !t.live && p.Done && p.Rows > 0 && !p.Comparing:
		fmt.Fprintf(t.w, "%s: %d %s\n", p.Table, p.Rows, what)
	}
}

func (t *copyTeller) end() {
	if t.live {
		fmt.Fprint(t.w, "\r\x1b[K")
	}
}
