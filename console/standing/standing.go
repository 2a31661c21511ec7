// Package standing says how Gavel is: for the overview, the API and the command
// line, so that all three say the same.
package standing

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/watchdog"
)

// Standing is what is known of a Gavel at one moment. What only its process
// knows is empty when it was read from a database.
type Standing struct {
	Now    time.Time
	Counts event.Counts
	Day    day.Day
	// OpenIssues and MutedIssues count the issues, Failing the failed runs of the
	// open ones.
	OpenIssues, MutedIssues int
	Failing                 int64
	// FirstEvent is when the oldest stored event was received.
	FirstEvent  time.Time
	Source      watchdog.Report
	Load        api.Load
	Connections []api.Connection
	// Checks are the conditions of readiness and Warnings other problems, by
	// name.
	Checks, Warnings map[string]string
	Paused           []api.Pause
	Backups          *api.Backups
}

// Stored reads what the store knows.
func Stored(ctx context.Context, ledger backend.Ledger, now time.Time) (*Standing, error) {
	s := &Standing{Now: now}
	var err error
	if s.Counts, err = ledger.Counts(ctx); err != nil {
		return nil, err
	}
	if s.Day, err = day.Read(ctx, ledger, now); err != nil {
		return nil, err
	}
	if err := s.countIssues(ctx, ledger); err != nil {
		return nil, err
	}
	oldest, err := ledger.Events(ctx, event.EventFilter{OldestFirst: true, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(oldest) > 0 {
		s.FirstEvent = oldest[0].Event.Received
	}
	s.Source = s.Day.Source(watchdog.Report{})
	return s, nil
}

func (s *Standing) countIssues(ctx context.Context, ledger backend.Ledger) error {
	failing, err := ledger.Issues(ctx, event.IssueFilter{Failing: true, Bare: true})
	for _, i := range failing {
		if i.State(s.Now) == event.IssueMuted {
			s.MutedIssues++
			continue
		}
		s.OpenIssues++
		s.Failing += i.Failing
	}
	return err
}

// Of reads what a running Gavel knows.
func Of(ctx context.Context, b *backend.Backend) (*Standing, error) {
	s, err := Stored(ctx, b.Ledger, b.Now())
	if err != nil {
		return nil, err
	}
	s.Source = s.Day.Source(b.Source.Report())
	s.Load, s.Connections = b.Rules.Load(), b.Rules.Connections()
	s.Checks, s.Warnings = b.Health.Ready(ctx), b.Health.Warnings()
	if b.Backups != nil {
		s.Backups = b.Backups()
	}
	if b.Desk != nil {
		s.Paused, err = b.Desk.Pauses(ctx)
	}
	return s, err
}

// FailedRules returns the rules with failed runs in the last day, the most
// failures first.
func (s *Standing) FailedRules() []api.RuleFailures {
	list := []api.RuleFailures{}
	for _, did := range s.Day.Rules {
		if n := did.Ended[event.StatusFailed]; n > 0 {
			list = append(list, api.RuleFailures{Rule: did.Rule, Runs: n})
		}
	}
	slices.SortFunc(list, func(a, b api.RuleFailures) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.Rule, b.Rule))
	})
	return list
}

// Status returns the standing for the API.
func (s *Standing) Status(version string) *api.Status {
	out := &api.Status{
		Version: version, Well: true, Ready: len(s.Checks) > 0 && backend.Fine(s.Checks), Checks: s.Checks, Rules: s.Load, Connections: s.Connections,
		Events: s.Counts.Events, Runs: everyStatus(s.Counts.Runs), OldestDue: s.Counts.OldestDue,
		FirstEvent: s.FirstEvent, LastEvent: s.Source.LastEvent, Validated: s.Source.Validated, Source: s.Source,
		Notices:        []api.Notice{},
		Paused:         s.Paused,
		Issues:         api.IssueCounts{Open: s.OpenIssues, Muted: s.MutedIssues, Failing: s.Failing},
		LastDayFailed:  api.DayFailed{Runs: s.Day.Runs[event.StatusFailed], Rules: s.FailedRules()},
		LastDayRefused: s.Day.Refused,
		Backups:        s.Backups,
	}
	if out.Connections == nil {
		out.Connections = []api.Connection{}
	}
	if out.Checks == nil {
		out.Checks = map[string]string{}
	}
	for _, n := range s.Notices() {
		problem := n.Bad || n.Unwell
		out.Notices = append(out.Notices, api.Notice{Problem: problem, Text: n.Plain()})
		out.Well = out.Well && !problem
	}
	return out
}

// everyStatus adds the states that no run is in.
func everyStatus(counts map[event.Status]int64) map[event.Status]int64 {
	out := map[event.Status]int64{}
	for _, s := range event.Statuses() {
		out[s] = counts[s]
	}
	return out
}
