package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/vault"
)

// explainFlags are what the user asks for.
type explainFlags struct {
	at                   place
	output, rule, moment string
	files, envAllow      []string
	all                  bool
}

func newExplain() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain EVENT",
		Short: "Say which rules match an event, why, and what would be sent",
		Long: `EVENT is a file with the JSON of an event, - for standard input, or the id of a
stored event. For each rule it shows whether it matches and every part of its
condition with the value it has; for those that match, the messages, requests and
mails in order, with ⟨…⟩ where the reply of an earlier action is not known yet.
Nothing is sent.

For a stored event the rules are those that it met, unless --rules names others,
and what really happened is shown below. Thresholds, throttles and digests stand as
the database has them; for a file, only if --database is given.`,
		Example: `  gavel explain event.json --rules rules.yaml
  gavel explain 0b9f3c1e-demo-1 --database sqlite:gavel.db
  gavel explain event.json --rule alert-on-cancellation --output json`,
		Args: exactArgs(1, "one event: a file, - or an event id"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.at.register(cmd)
	envAllowFlag(cmd, &f.envAllow)
	outputFlag(cmd, &f.output, "text", "json")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.files, "rules", nil, "rules files or directories (default rules.yaml; for a stored event the rules it met)")
	flags.StringVar(&f.rule, "rule", "", "explain only this rule")
	flags.StringVar(&f.moment, "at", "", "the moment to take for now(), such as 2026-03-02T09:00:00Z (default now, or when the stored event came)")
	flags.BoolVar(&f.all, "all", false, "show rules for other types of event as well")
	return cmd
}

// explainDesk is what explaining, and making tests of, stored events asks. A
// nil set stands for the rules that the event met.
type explainDesk interface {
	Explain(ctx context.Context, id string, set *rules.Set, q api.ExplainQuery) (*api.Explanation, error)
	RecordTest(ctx context.Context, id string, set *rules.Set) ([]byte, error)
	// Holdings says what there is to ask about.
	Holdings(ctx context.Context) (api.Holdings, error)
}

func (f *explainFlags) run(cmd *cobra.Command, name string) error {
	at, err := parseMoment("--at", f.moment)
	if err != nil {
		return err
	}
	ev, err := eventFile(cmd.InOrStdin(), name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !looksLikeFile(name):
		return f.stored(cmd, name, at)
	case err != nil:
		return err
	}
	if at.IsZero() {
		at = time.Now()
	}
	ev.Arrive(at)
	set, err := f.load(cmd)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("database") {
		return withStore(cmd, f.at.database, vault.Read, func(s vault.Store) error {
			x, err := (&app.Desk{Store: s}).ExplainBeside(cmd.Context(), ev, set, f.rule)
			return f.print(cmd, x, err)
		})
	}
	x, err := app.ExplainAlone(ev, set, f.rule)
	return f.print(cmd, x, err)
}

// looksLikeFile tells a misspelt file from the id of an event, which may be
// ORG/ID.
func looksLikeFile(name string) bool {
	return strings.HasPrefix(name, ".") || filepath.IsAbs(name) || strings.Count(name, "/") > 1 ||
		strings.Contains(name, `\`) || filepath.Ext(name) == ".json"
}

// eventFile reads and decodes an event.
func eventFile(in io.Reader, name string) (*event.Event, error) {
	var body []byte
	var err error
	if name == "-" {
		body, err = io.ReadAll(in)
	} else {
		body, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	ev, err := event.Decode(body)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", name, err)
	}
	return ev, nil
}

func (f *explainFlags) load(cmd *cobra.Command) (*rules.Set, error) {
	paths := f.files
	if len(paths) == 0 {
		paths = []string{"rules.yaml"}
	}
	return loadOrTell(cmd, f.rulesOptions(cmd, paths...))
}

// loadOrTell loads rules, or prints what is wrong with them.
func loadOrTell(cmd *cobra.Command, o app.RulesOptions) (*rules.Set, error) {
	set, findings := app.LoadRules(o)
	if findings.HasErrors() {
		if err := findings.Text(cmd.ErrOrStderr()); err != nil {
			return nil, err
		}
		return nil, errFindings
	}
	return set, nil
}

func (f *explainFlags) rulesOptions(cmd *cobra.Command, paths ...string) app.RulesOptions {
	return app.RulesOptions{Paths: paths, EnvAllow: f.envAllow, SecretsDir: flagText(cmd, secretsDir)}
}

// stored explains an event that is kept and tells what became of it.
func (f *explainFlags) stored(cmd *cobra.Command, id string, at time.Time) error {
	if err := f.at.noRulesAtServer(cmd); err != nil {
		return err
	}
	set, err := f.named(cmd)
	if err != nil {
		return err
	}
	return f.at.withDesk(cmd, f.rulesOptions(cmd), func(d desk) error {
		x, err := d.Explain(cmd.Context(), id, set, api.ExplainQuery{Rule: f.rule, At: at})
		if errors.Is(err, event.ErrNotFound) {
			err = f.missing(cmd, d, id, err)
		}
		return f.print(cmd, x, err)
	})
}

// named loads the rules of --rules; nil without, and where a server is asked.
func (f *explainFlags) named(cmd *cobra.Command) (*rules.Set, error) {
	if remote, err := f.at.remote(cmd); err != nil || remote || len(f.files) == 0 {
		return nil, err
	}
	return f.load(cmd)
}

// missing says all that can be said of an event, or rules, that are not there.
func (f *explainFlags) missing(cmd *cobra.Command, d desk, id string, err error) error {
	if _, found := d.Event(cmd.Context(), id); !errors.Is(found, event.ErrNotFound) {
		return fmt.Errorf("%w; name the rules with --rules", err)
	}
	return neverStored(cmd.Context(), d, f.at.name(cmd), id)
}

func (f *explainFlags) print(cmd *cobra.Command, x *api.Explanation, err error) error {
	switch {
	case errors.Is(err, event.ErrInvalid):
		return usageError{err}
	case err != nil:
		return err
	}
	if f.output == "json" {
		return printJSON(cmd.OutOrStdout(), x)
	}
	t := &explainText{w: cmd.OutOrStdout(), all: f.all || f.rule != ""}
	t.explanation(x)
	return t.err
}

// parseMoment reads a moment from a flag; empty is the zero time.
func parseMoment(flag, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return at, usageError{fmt.Errorf("%s %q: write a moment such as 2026-03-02T09:00:00Z", flag, value)}
	}
	return at, nil
}
