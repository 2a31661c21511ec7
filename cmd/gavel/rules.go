package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

func newRules() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rules",
		Short:   "Look at the rules that are in force",
		Example: "  gavel rules list",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesList())
	return cmd
}

func newRulesList() *cobra.Command {
	var database, output string
	cmd := &cobra.Command{
		Use:   "list [FILE-OR-DIR …]",
		Short: "List the rules in force, or those of files, and when they last ran",
		Long: `Lists the rules that the database saw in force last, with their revision and when
it was loaded, how often each rule ran, how often it was skipped (late, counted by
a threshold, throttled, collected by a digest), and when it last ran. With files,
lists the rules of these, and says whether they are the ones in force.`,
		Example: `  gavel rules list
  gavel rules list rules.yaml --output json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd, database, func(s app.Store) error {
				list, err := liveRules(cmd, s, args)
				if err != nil {
					return err
				}
				if output == "json" {
					return printJSON(cmd.OutOrStdout(), list)
				}
				return list.print(cmd.OutOrStdout())
			})
		},
	}
	databaseFlag(cmd, &database)
	outputFlag(cmd, &output, "text", "json")
	return cmd
}

// ruleList is what the command prints.
type ruleList struct {
	Revision string `json:"revision"`
	// InForce says that the newest revision in the database is this one.
	InForce bool `json:"in_force"`
	// Loaded is when that revision was last put into force.
	Loaded time.Time    `json:"loaded,omitzero"`
	Rules  []listedRule `json:"rules"`
}

type listedRule struct {
	rules.Outline
	Runs    int64     `json:"runs"`
	Skipped int64     `json:"skipped"`
	Last    time.Time `json:"last_run,omitzero"`
}

func liveRules(cmd *cobra.Command, s app.Store, paths []string) (*ruleList, error) {
	newest, err := s.NewestRevision(cmd.Context())
	switch {
	case errors.Is(err, event.ErrNotFound) && len(paths) > 0:
		newest = &event.RevisionRecord{}
	case errors.Is(err, event.ErrNotFound):
		return nil, fmt.Errorf("no rules have been in force with this database: %w", event.ErrNotFound)
	case err != nil:
		return nil, err
	}
	list := &ruleList{Revision: newest.Revision, InForce: true, Loaded: newest.Saved}
	var sources []rules.Source
	if len(paths) == 0 {
		if sources, err = rules.DecodeSources(newest.Sources); err != nil {
			return nil, fmt.Errorf("rules of revision %s: %w", newest.Revision, err)
		}
	} else {
		var findings rules.Findings
		if sources, findings = rules.ReadSources(paths...); findings.HasErrors() {
			return nil, findings
		}
		list.Revision = rules.RevisionOf(sources)
		if list.InForce = list.Revision == newest.Revision; !list.InForce {
			list.Loaded = time.Time{}
		}
	}
	activity, err := s.Activity(cmd.Context())
	if err != nil {
		return nil, err
	}
	list.fill(rules.Outlines(sources), activity)
	return list, nil
}

func (l *ruleList) fill(outlines []rules.Outline, activity []event.RuleActivity) {
	by := map[string]event.RuleActivity{}
	for _, a := range activity {
		by[a.Rule] = a
	}
	l.Rules = make([]listedRule, 0, len(outlines))
	for _, o := range outlines {
		a := by[o.Name]
		l.Rules = append(l.Rules, listedRule{Outline: o, Runs: a.Runs, Skipped: a.Skipped, Last: a.Last})
	}
}

func (l *ruleList) print(w io.Writer) error {
	state := "not in force"
	if l.InForce {
		state = "in force since " + clock(l.Loaded)
	}
	fmt.Fprintf(w, "revision %s, %s, %s\n\n", l.Revision, state, counted(len(l.Rules), "rule", "rules"))
	rows := make([][]string, 0, len(l.Rules))
	for _, r := range l.Rules {
		events := strings.Join(r.Events, ", ")
		if len(r.Windows) > 0 {
			events += " (" + strings.Join(r.Windows, "; ") + ")"
		}
		rows = append(rows, []string{r.Name, r.Mode, fmt.Sprint(r.Runs), fmt.Sprint(r.Skipped), clock(r.Last), strings.Join(r.Actions, ", "), events})
	}
	return table(w, []string{"RULE", "MODE", "RUNS", "SKIPPED", "LAST RUN", "ACTIONS", "EVENTS"}, rows)
}
