package checkup

import (
	"context"
	"maps"
	"slices"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// connections are the names of all connections, in order.
func (c *checkup) connections() []string { return slices.Sorted(maps.Keys(c.set.Connections)) }

// connection checks one destination without sending anything.
func (c *checkup) connection(ctx context.Context, name string) []Finding {
	prober, can := c.set.Connections[name].Client.(params.Prober)
	if !can {
		c.notChecked("connection " + name + ": its kind cannot be checked without sending")
		return nil
	}
	var found []Finding
	for _, p := range prober.Probe(ctx, c.targets(name)) {
		f := Finding{Code: "connection-" + p.Code, Level: OK, Subject: name, Text: p.Text}
		switch {
		case p.Problem:
			f.Level, f.Do = Problem, p.Do
		case p.Warning:
			f.Level, f.Do = Warning, p.Do
		}
		found = append(found, f)
	}
	return found
}

// targets are the places, such as channels, that actions send to over a
// connection, as far as no event decides.
func (c *checkup) targets(connection string) []string {
	var out []string
	for _, r := range c.set.Rules {
		if r.Disabled {
			continue
		}
		for _, step := range r.Actions {
			action, has := step.Action.(params.Targeted)
			if !has || step.Connection != connection {
				continue
			}
			if target, known := action.Target(c.set.Scope(r, &event.Event{}, language.ScopeOptions{})); known {
				out = append(out, target)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
