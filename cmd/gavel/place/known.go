package place

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/spelling"
)

// KnownRule rejects the name of a rule that is not in force and of which no run
// is stored; an empty name is fine. what names the flag or the argument.
func KnownRule(ctx context.Context, d Desk, what, name string) error {
	if name == "" {
		return nil
	}
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
	return known(what, "rule", name, names)
}

// KnownConnection rejects the name of a connection that the rules in force do not
// have; an empty name is fine.
func KnownConnection(ctx context.Context, d Desk, what, name string) error {
	if name == "" {
		return nil
	}
	list, err := d.Connections(ctx)
	if errors.Is(err, event.ErrNotFound) {
		return nil // nothing to compare with
	}
	if err != nil {
		return err
	}
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	return known(what, "connection", name, names)
}

func known(what, kind, name string, names []string) error {
	if slices.Contains(names, name) {
		return nil
	}
	hint := fmt.Sprintf("; \"gavel %ss list\" shows them", kind)
	if best, ok := spelling.Nearest(name, names); ok {
		hint = fmt.Sprintf("; did you mean %q?", best)
	}
	return usage.Errorf("%s: there is no %s %q%s", what, kind, name, hint)
}
