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

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// explainFlags are what the user asks for.
type explainFlags struct {
	database, output, rule, at string
	files, envAllow            []string
	all                        bool
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
	databaseFlag(cmd, &f.database)
	envAllowFlag(cmd, &f.envAllow)
	outputFlag(cmd, &f.output, "text", "json")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.files, "rules", nil, "rules files or directories (default rules.yaml; for a stored event the rules it met)")
	flags.StringVar(&f.rule, "rule", "", "explain only this rule")
	flags.StringVar(&f.at, "at", "", "the moment to take for now(), such as 2026-03-02T09:00:00Z (default now, or when the stored event came)")
	flags.BoolVar(&f.all, "all", false, "show rules for other types of event as well")
	return cmd
}

// explained is everything there is to say of an event.
type explained struct {
	*rules.Explanation
	History *historyLines `json:"history,omitempty"`
}

func (f *explainFlags) run(cmd *cobra.Command, name string) error {
	at, err := parseMoment("--at", f.at)
	if err != nil {
		return err
	}
	ev, err := eventFile(cmd.InOrStdin(), name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !looksLikeFile(name):
		return withStore(cmd, f.database, func(s app.Store) error { return f.stored(cmd, s, name, at) })
	case err != nil:
		return err
	}
	if ev.Received = at; at.IsZero() {
		ev.Received = time.Now()
	}
	set, err := f.load(cmd)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("database") {
		return withStore(cmd, f.database, func(s app.Store) error { return f.beside(cmd, s, set, ev) })
	}
	o := rules.ExplainOptions{Rule: f.rule}
	if ev.Type == event.TypeRescheduled {
		o.Reschedules = 1
	}
	if err := f.known(set); err != nil {
		return err
	}
	return f.print(cmd, explained{Explanation: set.Explain(ev, o)})
}

// beside explains an event of a file as if it came now, on top of what is
// stored.
func (f *explainFlags) beside(cmd *cobra.Command, s app.Store, set *rules.Set, ev *event.Event) error {
	h, err := app.HistoryOf(cmd.Context(), s, ev.ID)
	if err != nil && !errors.Is(err, event.ErrNotFound) {
		return err
	}
	x, err := f.explain(cmd, s, set, app.Question{Event: ev, History: h})
	if err != nil {
		return err
	}
	if h != nil {
		x.History.Notes = append([]string{"an event with this id is stored already: if this one came now it would be a duplicate and start nothing"}, x.History.Notes...)
	}
	return f.print(cmd, x)
}

// explain asks rules about an event, with what the store knows.
func (f *explainFlags) explain(cmd *cobra.Command, s app.Store, set *rules.Set, q app.Question) (explained, error) {
	if err := f.known(set); err != nil {
		return explained{}, err
	}
	q.Rule = f.rule
	x, err := app.Explain(cmd.Context(), s, set.Explainer(), q)
	if err != nil {
		return explained{}, err
	}
	out := explained{Explanation: x}
	if q.History != nil {
		out.History = linesOf(q.History)
	}
	return out, nil
}

// known reports --rule with a name that no rule has.
func (f *explainFlags) known(set *rules.Set) error {
	if f.rule != "" && set.Rule(f.rule) == nil {
		return usageError{fmt.Errorf("--rule %q: there is no such rule in revision %s", f.rule, set.Revision)}
	}
	return nil
}

// looksLikeFile tells a misspelt file from the id of an event.
func looksLikeFile(name string) bool {
	return strings.ContainsAny(name, `/\`) || filepath.Ext(name) == ".json"
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
	return loadOrTell(cmd, app.RulesOptions{Paths: paths, EnvAllow: f.envAllow, SecretsDir: flagText(cmd, secretsDir)})
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

// stored explains an event of the database and tells what became of it.
func (f *explainFlags) stored(cmd *cobra.Command, s app.Store, id string, at time.Time) error {
	h, err := app.HistoryOf(cmd.Context(), s, id)
	if errors.Is(err, event.ErrNotFound) {
		return neverStored(cmd.Context(), s, f.database, id)
	}
	if err != nil {
		return err
	}
	set, err := f.rulesOf(cmd, s, h.Record.Revision)
	if err != nil {
		return err
	}
	q := app.Question{Event: h.Record.Event, History: h, Now: at}
	if at.IsZero() {
		q.Now = time.Now()
	} else {
		h.Record.Event.Received = at
	}
	x, err := f.explain(cmd, s, set, q)
	if err != nil {
		return err
	}
	return f.print(cmd, x)
}

func (f *explainFlags) rulesOf(cmd *cobra.Command, s app.Store, revision string) (*rules.Set, error) {
	if len(f.files) > 0 {
		return f.load(cmd)
	}
	set, err := storedRules(cmd.Context(), s, revision, app.RulesOptions{EnvAllow: f.envAllow, SecretsDir: flagText(cmd, secretsDir)})
	if err != nil {
		return nil, fmt.Errorf("%w; name the rules with --rules", err)
	}
	return set, nil
}

func storedRules(ctx context.Context, s app.Store, revision string, o app.RulesOptions) (*rules.Set, error) {
	return app.LoadStoredRules(ctx, s, revision, o)
}

func (f *explainFlags) print(cmd *cobra.Command, x explained) error {
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
