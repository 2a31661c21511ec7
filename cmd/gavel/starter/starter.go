// Package starter implements "gavel init", which writes the files of a new
// installation into a folder.
package starter

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

// initFlags are the flags of init as they are typed.
type initFlags struct {
	with, place, database string
	yes                   bool
}

// asked is the value of a flag that was not given.
const asked = "ask"

// New returns the command "gavel init".
func New() *cobra.Command {
	f := initFlags{with: asked, place: asked}
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Write rules, a test and settings to start with",
		Long: `Writes into a folder what a new installation needs: rules with comments and a test,
the environment file gavel.env with a new console token and a place for every secret,
and a systemd unit or a compose file. If a package has installed its unit already, that one
is used. Asks three questions on a terminal; otherwise
the flags answer them, and --yes takes the first answer for what is left.

No existing file is changed: if one of the files is there already, nothing is written.`,
		Example: `  gavel init gavel                   asks three questions
  gavel init /etc/gavel --with slack --for systemd --yes
  gavel init gavel --with http --for none --database postgres://gavel@db.acme.example/gavel`,
		Args: usage.ExactArgs(1, "the folder to write to, such as gavel"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, args[0])
		},
	}
	flags := cmd.Flags()
	flags.Var(usage.OneOf(&f.with, append([]string{asked}, names(destinations())...)), "with", "what the first rule does: slack (message on a cancellation), http (call to a CRM) or email (reminder)")
	flags.Var(usage.OneOf(&f.place, append([]string{asked}, names(places())...)), "for", "where Gavel will run: systemd, compose, or none (started by hand)")
	flags.StringVar(&f.database, "database", "", "database: sqlite, sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	flags.BoolVar(&f.yes, "yes", false, "ask nothing: take the default for what no flag says")
	return cmd
}

func (f *initFlags) run(cmd *cobra.Command, dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("the path of this program, for the unit: %w", err)
	}
	plan := Plan{Dir: absolute, Program: program, Unit: packagedUnit()}
	if err := plan.free(); err != nil {
		return err
	}
	if err := f.answer(cmd, &plan); err != nil {
		return err
	}
	if plan.Token, err = newToken(); err != nil {
		return err
	}
	files, err := plan.files()
	if err != nil {
		return err
	}
	if err := writeAll(absolute, files); err != nil {
		return err
	}
	return tell(cmd.OutOrStdout(), dir, plan, files)
}

// answer takes the answers from the flags, and asks for the others.
func (f *initFlags) answer(cmd *cobra.Command, p *Plan) (err error) {
	ask := newAsker(cmd.InOrStdin(), cmd.ErrOrStderr(), f.yes)
	if p.With, err = ask.choose(cmd.Context(), f.with, "--with", "What should it do first?", destinations()); err != nil {
		return err
	}
	if p.For, err = ask.choose(cmd.Context(), f.place, "--for", "Where will it run?", places()); err != nil {
		return err
	}
	if p.Database, err = ask.database(cmd.Context(), f.database); err != nil {
		return err
	}
	p.Database = databaseFor(p.Database, p.For)
	return p.check()
}

// tell says what was written and which commands are next.
func tell(out io.Writer, dir string, p Plan, files []file) error {
	text := "Written to " + dir + ":\n"
	for _, f := range files {
		text += fmt.Sprintf("  %-18s %s\n", f.name, f.about)
	}
	text += "\nFirst put your values into gavel.env, in place of " + placeholderStart + "…:\n"
	for _, name := range p.toFill() {
		text += "  " + name + "\n"
	}
	text += "\nThen:\n"
	for _, line := range p.next(dir) {
		text += "  " + line + "\n"
	}
	if try := p.try(); try != "" {
		text += "\nWhen it runs, see a test event arrive; it starts no rule here:\n  " + try + "\n"
	}
	if note := p.note(); note != "" {
		text += "\n" + note + "\n"
	}
	_, err := io.WriteString(out, text)
	return err
}
