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

// Question is which event is asked about, and by which rules.
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

// RulesOptions say what rules of these paths may use.
func (q *Question) RulesOptions(cmd *cobra.Command, paths ...string) ruleset.Options {
	return ruleset.Options{Paths: paths, EnvAllow: q.EnvAllow, SecretsDir: place.FlagText(cmd, place.SecretsDir)}
}

// Named loads the rules of --rules; nil without, and where a server is asked.
func (q *Question) Named(cmd *cobra.Command) (*rules.Set, error) {
	if remote, err := q.At.Remote(cmd); err != nil || remote || len(q.Files) == 0 {
		return nil, err
	}
	return q.load(cmd)
}

// Missing says all that can be said of an event, or rules, that are not there.
func (q *Question) Missing(cmd *cobra.Command, d place.Desk, id string, err error) error {
	if _, found := d.Event(cmd.Context(), id); !errors.Is(found, event.ErrNotFound) {
		return fmt.Errorf("%w; name the rules with --rules", err)
	}
	return neverStored(cmd.Context(), d, q.At.Name(cmd), id)
}
