package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite/survey"
	"github.com/gavel-rules/gavel/vault"
	"github.com/gavel-rules/gavel/vault/copies"
)

// restoring are the flags of "gavel restore".
type restoring struct {
	database, keyFile        string
	force, yes, dryRun, hold bool
}

func newRestore() *cobra.Command {
	var f restoring
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Replace the SQLite database with a backup",
		Long: `Checks a backup, says what would be sent again, and replaces the SQLite database with
it, including its -wal and -shm files. With -, the backup is read from standard input.
Stop "gavel serve" first; the command fails while it runs. An existing database is only
replaced with --force, and is renamed, not deleted.

What happened after the backup is lost: newer events are missing, and runs that had not
ended then continue from there, so what they have sent since is sent again, with the same
keys. If there are such runs, the command asks, unless --yes is given. With --hold,
everything is paused in the restored database: "gavel serve" receives events and sends
nothing until "gavel resume --all", so you can look first, and cancel what must not be
sent.`,
		Example: `  gavel restore /backup/gavel.db --dry-run
  gavel restore /backup/gavel.db --database sqlite:/var/lib/gavel/gavel.db --force --hold
  ssh backup.acme.example cat gavel.db.age | gavel restore - --key-file backup.key --force --hold`,
		Args: usage.ExactArgs(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	place.DatabaseFlag(cmd, &f.database)
	flags := cmd.Flags()
	flags.BoolVar(&f.force, "force", false, "replace an existing database, after renaming it")
	flags.BoolVar(&f.yes, "yes", false, "do not ask when something would be sent again")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check the backup and say what would be sent again, and change nothing; works while Gavel serves")
	flags.BoolVar(&f.hold, "hold", false, "pause everything in the restored database, until \"gavel resume --all\"")
	flags.StringVar(&f.keyFile, "key-file", "", "file with the key of an encrypted backup")
	return cmd
}

func (f *restoring) run(cmd *cobra.Command, file string) error {
	ctx, now, out := cmd.Context(), time.Now(), cmd.OutOrStdout()
	url, err := place.DatabaseURL(cmd, f.database)
	if err != nil {
		return err
	}
	keys, err := copies.ReadKeys(f.keyFile)
	if err != nil {
		return err
	}
	b, err := vault.OpenBackup(file, cmd.InOrStdin(), url, keys)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }() // a temporary file
	found, err := b.Survey(ctx, now)
	if err != nil {
		return err
	}
	tell(out, b, &found, now)
	if f.dryRun {
		return nil
	}
	if err := b.Free(f.force); err != nil {
		return err
	}
	if err := f.movable(&found, vault.RedactURL(url)); err != nil {
		return err
	}
	if found.Moved == "" && found.Due() > 0 && !f.yes && !f.hold {
		question := fmt.Sprintf("Restore it, and send these %s at the next start?", terminal.Counted(int(found.Due()), "run", "runs"))
		if err := usage.Confirm(ctx, cmd.InOrStdin(), out, question, "nothing was restored; to look at them before they are sent, add --hold"); err != nil {
			return err
		}
	}
	aside, err := b.Do(ctx, f.force, f.pause(now, b.Name))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s\n", vault.RedactURL(url), held(found.Events, found.Open))
	if aside != "" {
		fmt.Fprintf(out, "the previous database is now %s\n", aside)
	}
	if found.Moved != "" {
		fmt.Fprintf(out, "it was moved by \"gavel copy\" to %s, and is not served; \"gavel copy --undo --from %s\" allows it\n", found.Moved, vault.RedactURL(url))
	}
	if f.hold {
		fmt.Fprint(out, "everything is paused: start \"gavel serve\", look at \"gavel runs list --status pending,waiting,running\",\n"+
			"cancel what must not be sent with \"gavel runs cancel\", and then run \"gavel resume --all\"\n")
	}
	return nil
}

// movable returns an error if a restore would let a database be served again
// that "gavel copy" has moved, so that everything would be sent from two.
func (f *restoring) movable(s *survey.Survey, url string) error {
	switch {
	case s.PresentMoved != "" && s.Moved == "":
		return fmt.Errorf(`%[1]s was moved by "gavel copy" to %[2]s; with the backup in its place, both would send. If the copy is given up, run "gavel copy --undo --from %[1]s" first; nothing was restored`, url, s.PresentMoved)
	case s.Moved != "" && f.hold:
		return fmt.Errorf(`the backup is of a database that "gavel copy" had moved to %s, and nothing is sent from it before "gavel copy --undo"; restore it without --hold`, s.Moved)
	}
	return nil
}

func (f *restoring) pause(now time.Time, file string) *event.Pause {
	if !f.hold {
		return nil
	}
	return &event.Pause{Key: event.PauseAll, Since: now.UTC().Truncate(time.Microsecond), Reason: "restored from " + file, By: "gavel restore --hold"}
}

// rulesTold is how many rules are listed.
const rulesTold = 20

// tell says what is in a backup, and what would come of it.
func tell(out io.Writer, b *vault.Restore, s *survey.Survey, now time.Time) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-11s %s\n", name, terminal.Safe(fmt.Sprintf(format, args...)))
	}
	line("backup", "%s: %s, checked", b.Name, terminal.Counted(int(s.Events), "event", "events"))
	if s.Older {
		line("version", "of an older Gavel; \"gavel serve\" migrates it when it starts")
	}
	if at := b.At; !at.IsZero() {
		line("made", "%s (%s)", terminal.Ago(at, now), terminal.Clock(at))
	}
	if !s.Newest.IsZero() {
		line("up to", "%s (%s), its newest event", terminal.Ago(s.Newest, now), terminal.Clock(s.Newest))
	}
	switch {
	case s.Present && s.Missing > 0:
		line("missing", "%s received since then, which only the present database has", terminal.Counted(int(s.Missing), "event", "events"))
	case s.Present:
		line("missing", "no events: the present database has received none since then")
	}
	if s.Moved != "" {
		line("moved", "by \"gavel copy\" to %s before it was made, so it is not served until \"gavel copy --undo\"", s.Moved)
	}
	if s.PresentMoved != "" && s.Moved == "" {
		line("moved", "is the present database, by \"gavel copy\" to %s: it is not replaced before \"gavel copy --undo\"", s.PresentMoved)
	}
	if s.Paused {
		line("paused", "in it; what is paused stays so, \"gavel pause\" lists it")
	}
	if s.Due() == 0 {
		line("sent again", "nothing")
	}
	name := "sent again"
	for i, r := range s.Rules {
		if r.Due == 0 {
			continue
		}
		if i == rulesTold {
			line(name, "and runs of %s more", terminal.Counted(len(s.Rules)-i, "rule", "rules"))
			break
		}
		text := fmt.Sprintf("%s of rule %s at the next start", terminal.Counted(int(r.Due), "run", "runs"), r.Name)
		if r.Waits > 0 {
			text += fmt.Sprintf("; %d waited until a time that has passed since", r.Waits)
		}
		if s.Present {
			text += fmt.Sprintf("; %s gone on since then", terminal.Counted(int(r.Done), "of them has", "of them have"))
		}
		line(name, "%s", text)
		name = ""
	}
	if n := s.Later(); n > 0 {
		line("later", "%s for a time to come", terminal.Counted(int(n), "run waits", "runs wait"))
	}
}
