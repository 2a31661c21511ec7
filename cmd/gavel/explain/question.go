package explain

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/ruleset"
)

// Question has the event and the rules to explain.
type Question struct {
	At              place.Place
	Files, EnvAllow []string
}

func (q *Question) load(cmd *cobra.Command) (*rules.Set, error) {
	paths := q.Files
	if len(paths) == 0 {
		paths = []string{"rules.yaml"}
	}
	return place.LoadOrTell(cmd, q.RulesOptions(cmd, paths...))
}

// RulesOptions returns the options to load rules from these paths.
func (q *Question) RulesOptions(cmd *cobra.Command, paths ...string) ruleset.Options {
	return ruleset.Options{Paths: paths, EnvAllow: q.EnvAllow, SecretsDir: place.FlagText(cmd, place.SecretsDir)}
}

// Named loads the rules of --rules; nil without, and for a server.
func (q *Question) Named(cmd *cobra.Command) (*rules.Set, error) {
	if remote, err := q.At.Remote(cmd); err != nil || remote || len(q.Files) == 0 {
		return nil, err
	}
	return q.load(cmd)
}

// Missing explains an error about an event, or rules, that do not exist.
func (q *Question) Missing(cmd *cobra.Command, d place.Desk, id string, err error) error {
	if _, found := d.Event(cmd.Context(), id); !errors.Is(found, event.ErrNotFound) {
		return fmt.Errorf("%w; name the rules with --rules", err)
	}
	return neverStored(cmd.Context(), d, q.At.Name(cmd), id)
}
