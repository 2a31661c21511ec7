package place

import (
	"context"
	"errors"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/version"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/console/standing"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules"
)

// Desk is what commands use, of a database or of a server.
type Desk interface {
	EventDesk
	RunDesk
	RuleDesk
	ConnectionDesk
	ExplainDesk
	IssueDesk
	// Status says how Gavel is. What only a server knows is empty for a
	// database.
	Status(ctx context.Context) (*api.Status, error)
	// Refused says whether anything was lost or refused.
	Refused(ctx context.Context) (*api.Refused, error)
	PauseDesk
}

// storeDesk uses a database.
type storeDesk struct{ *desk.Desk }

// ResolveIssue implements IssueDesk.
func (d storeDesk) ResolveIssue(ctx context.Context, id string, r api.ResolveRequest) (*api.Issue, error) {
	return d.Desk.ResolveIssue(ctx, id, r, byHand())
}

// MuteIssue implements IssueDesk.
func (d storeDesk) MuteIssue(ctx context.Context, id string, r api.MuteRequest) (*api.Issue, error) {
	return d.Desk.MuteIssue(ctx, id, r, byHand())
}

// UnmuteIssue implements IssueDesk.
func (d storeDesk) UnmuteIssue(ctx context.Context, id string) (*api.Issue, error) {
	return d.Desk.UnmuteIssue(ctx, id, byHand())
}

// RetryIssue implements IssueDesk.
func (d storeDesk) RetryIssue(ctx context.Context, id string, r api.RetryRequest) (*api.IssueRetry, error) {
	return d.Desk.RetryIssue(ctx, id, r, byHand())
}

// Pause implements PauseDesk.
func (d storeDesk) Pause(ctx context.Context, key event.PauseKey, r api.PauseRequest) (*api.Pause, error) {
	return d.Desk.Pause(ctx, key, r, byHand())
}

// Apply implements RuleDesk.
func (d storeDesk) Apply(ctx context.Context, rule string, r api.ApplyRequest) (*api.Application, error) {
	return d.Desk.Apply(ctx, rule, r, byHand())
}

// Replay implements EventDesk.
func (d storeDesk) Replay(ctx context.Context, id string, set *rules.Set, r api.ReplayRequest) (*api.Replay, error) {
	id, err := query.EventID(ctx, d.ledger(), id)
	if err != nil {
		return nil, err
	}
	return d.Desk.Replay(ctx, id, set, r, byHand())
}

// Status implements Desk.
func (d storeDesk) Status(ctx context.Context) (*api.Status, error) {
	s, err := standing.Stored(ctx, privacy.Show(d.Store, d.Private), time.Now())
	if err != nil {
		return nil, err
	}
	s.Load.OK = true // only a server looks at the files
	switch list, err := d.InForce(ctx); {
	case errors.Is(err, event.ErrNotFound):
	case err != nil:
		return nil, err
	default:
		s.Load.Revision, s.Load.Rules, s.Load.LoadedAt = list.Revision, len(list.Rules), list.Loaded
	}
	if s.Paused, err = d.Pauses(ctx); err != nil {
		return nil, err
	}
	return s.Status(version.Current().String()), nil
}

// Refused implements Desk.
func (d storeDesk) Refused(ctx context.Context) (*api.Refused, error) {
	return past.Refused(ctx, privacy.Show(d.Store, d.Private), time.Now())
}

// EventDesk is for commands about events.
type EventDesk interface {
	// FindEvents lists events, newest first.
	FindEvents(ctx context.Context, q api.EventQuery) ([]api.Event, error)
	Event(ctx context.Context, id string) (*api.EventDetail, error)
	// Replay uses the rules in force when set is nil.
	Replay(ctx context.Context, id string, set *rules.Set, r api.ReplayRequest) (*api.Replay, error)
	Erase(ctx context.Context, r api.EraseRequest) (*api.Erasure, error)
	// Tail calls each for every event from now on, until ctx ends.
	Tail(ctx context.Context, f event.EventFilter, each func(api.Event) error, missed func(int) error) error
}

// RunDesk is for commands about runs.
type RunDesk interface {
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	// FindRuns lists runs with what their events are about.
	FindRuns(ctx context.Context, q api.RunQuery) ([]api.ListedRun, error)
	Run(ctx context.Context, id string) (*api.RunDetail, error)
	Retry(ctx context.Context, id string) error
	Cancel(ctx context.Context, id string) error
	// RunNow ends the wait of a run.
	RunNow(ctx context.Context, id string) error
	Acknowledge(ctx context.Context, id string) error
	Compare(ctx context.Context, q api.CompareQuery) (*api.Comparison, error)
}

// IssueDesk is for commands about issues.
type IssueDesk interface {
	Issues(ctx context.Context, q api.IssueQuery) ([]api.Issue, error)
	Issue(ctx context.Context, id, cursor string) (*api.IssueDetail, error)
	ResolveIssue(ctx context.Context, id string, r api.ResolveRequest) (*api.Issue, error)
	MuteIssue(ctx context.Context, id string, r api.MuteRequest) (*api.Issue, error)
	UnmuteIssue(ctx context.Context, id string) (*api.Issue, error)
	RetryIssue(ctx context.Context, id string, r api.RetryRequest) (*api.IssueRetry, error)
}

// RuleDesk is for commands about rules.
type RuleDesk interface {
	InForce(ctx context.Context) (*api.RuleList, error)
	Activity(ctx context.Context) ([]event.RuleActivity, error)
	// Apply applies a rule to meetings that were booked before it.
	Apply(ctx context.Context, rule string, r api.ApplyRequest) (*api.Application, error)
	// Day returns what happened over the last 24 hours.
	Day(ctx context.Context) (*api.Day, error)
}

// ConnectionDesk is for commands about connections.
type ConnectionDesk interface {
	// Connections lists those in trouble first. Of a database, it knows no limits
	// and nothing that is in the memory of a server.
	Connections(ctx context.Context) ([]api.ConnectionPast, error)
	Connection(ctx context.Context, name string) (*api.ConnectionDetail, error)
}

// PauseDesk pauses and resumes what sends. A Resume without Confirm only returns
// what would happen.
type PauseDesk interface {
	Pauses(ctx context.Context) ([]api.Pause, error)
	Pause(ctx context.Context, key event.PauseKey, r api.PauseRequest) (*api.Pause, error)
	Resume(ctx context.Context, key event.PauseKey, r api.ResumeRequest) (*api.Resumption, error)
	// Scheduled lists what is to be sent; Postpone lets a run go on at another time.
	Scheduled(ctx context.Context, q api.ScheduledQuery) (*api.ScheduledPage, error)
	Postpone(ctx context.Context, id string, until time.Time) error
}

// ExplainDesk explains stored events and makes tests of them. A nil set means
// the rules in force when the event was received.
type ExplainDesk interface {
	Explain(ctx context.Context, id string, set *rules.Set, q api.ExplainQuery) (*api.Explanation, error)
	RecordTest(ctx context.Context, id string, set *rules.Set) ([]byte, error)
	// Holdings returns how many events are stored, and from when to when.
	Holdings(ctx context.Context) (api.Holdings, error)
}

var (
	_ Desk = storeDesk{}
	_ Desk = serverDesk{}
)
