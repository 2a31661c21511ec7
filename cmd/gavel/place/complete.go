package place

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/environment"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

const (
	// completionPatience is how long a shell waits for suggestions.
	completionPatience = time.Second
	// suggested is how many ids a shell is offered.
	suggested = 50
)

// Completion suggests words for the shell.
type Completion = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// suggest asks the database or the server for suggestions. After an error, or
// when it takes too long, there are none.
func (p *Place) suggest(find func(ctx context.Context, d Desk) ([]string, error)) Completion {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		if environment.Fill(cmd.Flags(), os.LookupEnv) != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		parent := cmd.Context()
		if parent == nil {
			parent = context.Background()
		}
		ctx, cancel := context.WithTimeout(parent, completionPatience)
		defer cancel()
		cmd.SetContext(ctx)
		var words []string
		_ = p.WithDesk(cmd, ruleset.Options{}, func(d Desk) (err error) { // a shell has no place for an error
			words, err = find(ctx, d)
			return err
		})
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// Rules suggests the names of the rules in force.
func (p *Place) Rules() Completion {
	return p.suggest(func(ctx context.Context, d Desk) ([]string, error) {
		list, err := d.InForce(ctx)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, r := range list.Rules {
			names = append(names, r.Name)
		}
		return names, nil
	})
}

// Connections suggests the names of the connections of the rules in force.
func (p *Place) Connections() Completion {
	return p.suggest(func(ctx context.Context, d Desk) ([]string, error) {
		list, err := d.Connections(ctx)
		var names []string
		for _, c := range list {
			names = append(names, c.Name)
		}
		return names, err
	})
}

// RunIDs suggests the newest runs in the given states, with what they are.
func (p *Place) RunIDs(states ...event.Status) Completion {
	return p.suggest(func(ctx context.Context, d Desk) ([]string, error) {
		runs, err := d.FindRuns(ctx, api.RunQuery{RunFilter: event.RunFilter{Statuses: states, Limit: suggested}})
		var ids []string
		for _, r := range runs {
			ids = append(ids, r.ID+"\t"+terminal.Safe(r.Rule+" "+string(r.Status)+" "+r.Title))
		}
		return ids, err
	})
}

// EventIDs suggests the newest events.
func (p *Place) EventIDs() Completion {
	return p.suggest(func(ctx context.Context, d Desk) ([]string, error) {
		events, err := d.FindEvents(ctx, api.EventQuery{EventFilter: event.EventFilter{Limit: suggested}})
		var ids []string
		for _, e := range events {
			ids = append(ids, terminal.Safe(e.ID)+"\t"+terminal.Safe(e.Type+" "+e.Title))
		}
		return ids, err
	})
}

// CompleteFlag lets the shell complete the values of a flag.
func CompleteFlag(cmd *cobra.Command, flag string, c Completion) {
	_ = cmd.RegisterFlagCompletionFunc(flag, c) // it fails only without such a flag
}

// Fixed suggests words that are always the same.
func Fixed(words ...string) Completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}
