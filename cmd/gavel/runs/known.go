package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/spelling"
)

// knownRule rejects the name of a rule that is not in force and of which no run
// is stored.
func knownRule(ctx context.Context, d place.Desk, what, name string) error {
	runs, err := d.FindRuns(ctx, api.RunQuery{RunFilter: event.RunFilter{Rule: name, Limit: 1}})
	if err != nil || len(runs) > 0 {
		return err
	}
	list, err := d.InForce(ctx)
	if errors.Is(err, event.ErrNotFound) {
		return nil // nothing to compare with
	}
	if err != nil {
		return err
	}
	var names []string
	for _, r := range list.Rules {
		names = append(names, r.Name)
	}
	if slices.Contains(names, name) {
		return nil
	}
	if best, ok := spelling.Nearest(name, names); ok {
		return usage.Errorf("%s: there is no rule %q; did you mean %q?", what, name, best)
	}
	return usage.Errorf("%s: there is no rule %q; \"gavel rules list\" shows them", what, name)
}

// pointed adds to the error of an unknown run where to find it.
func pointed(err error) error {
	if errors.Is(err, event.ErrNotFound) {
		return fmt.Errorf("%w; \"gavel runs list\" shows what is stored", err)
	}
	return err
}
