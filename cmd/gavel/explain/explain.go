// Package explain implements "gavel explain", which shows which rules match an
// event and why.
package explain

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// request has the flags of the command.
type request struct {
	Question
	output, rule, moment string
	all                  bool
}

// New returns the command "gavel explain".
func New() *cobra.Command {
	var f request
	cmd := &cobra.Command{
		Use:   "explain EVENT",
		Short: "Show which rules match an event, why, and what would be sent",
		Long: `EVENT is a file with the JSON of an event, - for standard input, or the id of a
stored event. For each rule it shows whether it matches and every part of its
condition with the value it has; for those that match, the messages, requests and
mails in order, with ⟨…⟩ where the reply of an earlier action is not known yet.
Nothing is sent.

A stored event is explained with the rules in force when it was received, or --rules,
and what really happened is shown below. Thresholds, throttles and digests are read
from the database; for a file, only if --database is given.`,
		Example: `  gavel explain event.json --rules rules.yaml
  gavel explain 0b9f3c1e-demo-1 --database sqlite:gavel.db
  gavel explain event.json --rule alert-on-cancellation --output json`,
		Args: usage.ExactArgs(1, "one event: a file, - or an event id"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.At.Register(cmd)
	place.EnvAllowFlag(cmd, &f.EnvAllow)
	usage.Output(cmd, &f.output, "text", "json")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.Files, "rules", nil, "rules files or directories (default rules.yaml; for a stored event the rules in force then)")
	flags.StringVar(&f.rule, "rule", "", "explain only this rule")
	flags.StringVar(&f.moment, "at", "", "time for now(), such as 2026-03-02T09:00:00Z (default now, or when the stored event was received)")
	flags.BoolVar(&f.all, "all", false, "show rules for other types of event as well")
	return cmd
}

func (f *request) run(cmd *cobra.Command, name string) error {
	at, err := usage.ParseMoment("--at", f.moment)
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
		return place.WithStore(cmd, f.At.Database, vault.Read, func(s store.Store) error {
			x, err := (&desk.Desk{Store: s}).ExplainBeside(cmd.Context(), ev, set, f.rule)
			return f.print(cmd, x, err)
		})
	}
	x, err := desk.ExplainAlone(ev, set, f.rule)
	return f.print(cmd, x, err)
}

// looksLikeFile distinguishes a misspelt file name from an event id, which may
// be ORG/ID.
func looksLikeFile(name string) bool {
	if _, id, _ := strings.Cut("/"+name, "/"+own.Prefix); id != "" {
		return false // the id of one of Gavel's own events
	}
	return strings.HasPrefix(name, ".") || filepath.IsAbs(name) || strings.Count(name, "/") > 1 ||
		strings.Contains(name, `\`) || filepath.Ext(name) == ".json"
}

// eventFile reads and decodes an event.
func eventFile(in io.Reader, name string) (*event.Event, error) {
	body, err := usage.ReadInput(in, name)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", name, err)
	}
	return ev, nil
}

// stored explains a stored event and shows what happened to it.
func (f *request) stored(cmd *cobra.Command, id string, at time.Time) error {
	if err := f.At.NoRulesAtServer(cmd); err != nil {
		return err
	}
	set, err := f.Named(cmd)
	if err != nil {
		return err
	}
	return f.At.WithDesk(cmd, f.RulesOptions(cmd), func(d place.Desk) error {
		x, err := d.Explain(cmd.Context(), id, set, api.ExplainQuery{Rule: f.rule, At: at})
		if errors.Is(err, event.ErrNotFound) {
			err = f.Missing(cmd, d, id, err)
		}
		return f.print(cmd, x, err)
	})
}

func (f *request) print(cmd *cobra.Command, x *api.Explanation, err error) error {
	if err != nil {
		return usage.WrapInvalid(err)
	}
	if f.output == "json" {
		return terminal.JSON(cmd.OutOrStdout(), x)
	}
	t := &printer{w: cmd.OutOrStdout(), all: f.all || f.rule != ""}
	t.explanation(x)
	return t.err
}
