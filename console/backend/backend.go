// Package backend has the interfaces of the program behind the console: what
// pages and the API read and what they can change.
package backend

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/watchdog"
)

// Backend is the program behind the console.
type Backend struct {
	Ledger   Ledger
	Operator Operator
	Issues   Issues
	Rules    RuleBook
	Health   Health
	Source   SourceWatch
	Reloader Reloader
	// Desk may be nil: then nothing is explained or tried out, and the API
	// lacks those addresses.
	Desk Desk
	// Analyst may be nil: then there are no analytics.
	Analyst Analyst
	Version string
	// Webhook returns the address of the receiver for a program on this machine;
	// nil means the default.
	Webhook func() string
	// Unsigned says that unsigned events are accepted.
	Unsigned bool
	// Paused returns what is paused, without what it holds; nil when nothing can
	// be paused.
	Paused func() []event.Pause
	// Backups says how backups are made regularly; nil, or a nil result, when
	// none are.
	Backups func() *api.Backups
	// Logger may be nil when nothing is logged.
	Logger *slog.Logger
	// LogLevel is the level of Logger; nil when it cannot be changed.
	LogLevel *slog.LevelVar
	// Now is the time to use; nil means the clock of the machine.
	Now func() time.Time
}

// Ledger is what the console reads from the store. If something does not
// exist, the error is an event.ErrNotFound.
type Ledger interface {
	Event(ctx context.Context, id string) (*event.Record, error)
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Meeting(ctx context.Context, meetingID string) (*event.MeetingState, error)
	Run(ctx context.Context, id string) (*event.Run, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	// RuleRuns returns what is stored of rules, by status.
	RuleRuns(ctx context.Context, f event.RulesFilter) ([]event.RuleRuns, error)
	// WaitingRules returns the names of the rules with waiting runs.
	WaitingRules(ctx context.Context, limit int) ([]string, error)
	// Issues returns the issues as they are stored; see Issues for what people
	// see.
	Issues(ctx context.Context, f event.IssueFilter) ([]*event.Issue, error)
	// FailedRuns returns which of some runs are failed now.
	FailedRuns(ctx context.Context, f event.FailedRuns) ([]event.FailedRun, error)
	// Counts may be some seconds old.
	Counts(ctx context.Context) (event.Counts, error)
	// Search returns the numbers of up to limit matching events below before,
	// or of the newest if it is 0, newest first. Up to number upTo all events
	// are indexed.
	Search(ctx context.Context, what search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error)
	// Tallies returns the counts since a time, by spans of event.TallyWidth.
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
	// Daily returns the counts since a time, by days of UTC.
	Daily(ctx context.Context, since time.Time) ([]event.Tally, error)
	// Hourly returns calls and failures by connection and hour since a time.
	Hourly(ctx context.Context, since time.Time) ([]event.Tally, error)
	// Refusals returns the refused requests of a week by reason and source, the
	// latest first.
	Refusals(ctx context.Context) ([]event.Refusal, error)
}

// Operator changes runs manually. If the state of a run does not allow it, the
// error is an event.ErrConflict.
type Operator interface {
	Retry(ctx context.Context, runID, by string) error
	Cancel(ctx context.Context, runID, by string) error
	RunNow(ctx context.Context, runID, by string) error
	// Acknowledge takes a failed run out of those that its issue counts.
	Acknowledge(ctx context.Context, runID, by string) error
}

// Issues are the failed runs by rule, action and cause. An issue is named by its
// id or the beginning of it; if its state does not allow a change, the error is an
// event.ErrConflict.
type Issues interface {
	Issues(ctx context.Context, q api.IssueQuery) ([]api.Issue, error)
	Issue(ctx context.Context, id, cursor string) (*api.IssueDetail, error)
	// IssueOf returns the issue of a failed run with that run alone; an
	// event.ErrNotFound if the run is not failed.
	IssueOf(ctx context.Context, runID string) (*api.IssueDetail, error)
	ResolveIssue(ctx context.Context, id string, r api.ResolveRequest, by string) (*api.Issue, error)
	MuteIssue(ctx context.Context, id string, r api.MuteRequest, by string) (*api.Issue, error)
	UnmuteIssue(ctx context.Context, id, by string) (*api.Issue, error)
	// RetryIssue retries the failing runs of an issue; without r.Confirm it only
	// returns which.
	RetryIssue(ctx context.Context, id string, r api.RetryRequest, by string) (*api.IssueRetry, error)
}

// RuleBook describes the rules in force and the connections they use.
type RuleBook interface {
	Rules() []api.Rule
	Load() api.Load
	Connections() []api.Connection
	// Preamble returns the connections and the vars as they are written, without
	// secrets.
	Preamble() string
}

// Health says whether Gavel works, for probes and people.
type Health interface {
	// Ready returns the checks by name; an empty string means fine, anything
	// else is the problem.
	Ready(ctx context.Context) map[string]string
	// Warnings returns, by name, problems that do not stop events or runs, in
	// full sentences.
	Warnings() map[string]string
}

// SourceWatch reports the state of the event source.
type SourceWatch interface {
	Report() watchdog.Report
}

// Reloader loads the rules again.
type Reloader interface {
	// Reload returns the revision in force afterwards and the findings, one
	// per line; ok is false when the old rules stay in force.
	Reload(ctx context.Context) (revision string, findings []string, ok bool)
}

// Desk offers over the API what the command line does with a database. If
// something does not exist, the error is an event.ErrNotFound; for an invalid
// request it is an event.ErrInvalid.
type Desk interface {
	// Explain shows what the rules did with a stored event, and what happened
	// to it. It sends nothing.
	Explain(ctx context.Context, eventID string, q api.ExplainQuery) (*api.Explanation, error)
	// Try asks typed rules about an event that need not be stored; both may be
	// wrong. An unreadable event is an event.ErrInvalid, besides the findings.
	// It sends nothing and stores nothing.
	Try(ctx context.Context, r api.TryRequest) (*api.Trial, error)
	// Backtest runs typed rules over the stored events; while another one runs,
	// the error is an event.ErrConflict. It sends nothing and stores nothing.
	Backtest(ctx context.Context, r api.BacktestRequest) (*api.BacktestAnswer, error)
	// RuleAt describes a rule as it was in a revision.
	RuleAt(ctx context.Context, revision, rule string) (*api.Rule, error)
	// Windows returns where the windows of a rule stand now.
	Windows(ctx context.Context, rule string) ([]api.WindowNow, error)
	// Remembered returns what rules remember for a meeting.
	Remembered(ctx context.Context, meeting *event.MeetingState) ([]api.Remembered, error)
	// RecordTest makes a rule test of a stored event, as YAML without personal
	// data.
	RecordTest(ctx context.Context, eventID string) ([]byte, error)
	// Replay starts runs for a stored event once more, with the rules in
	// force; by says in the history who did it.
	Replay(ctx context.Context, eventID string, r api.ReplayRequest, by string) (*api.Replay, error)
	// Apply applies a rule in force to meetings that were booked before it.
	Apply(ctx context.Context, rule string, r api.ApplyRequest, by string) (*api.Application, error)
	// Erase erases a person from the stored events.
	Erase(ctx context.Context, r api.EraseRequest) (*api.Erasure, error)
	// Move moves the waiting runs of a rule to the rules in force.
	Move(ctx context.Context, r api.MoveRequest) (*api.Moves, error)
	// Compare shows how a shadow rule differs from the rule that it is to
	// replace.
	Compare(ctx context.Context, q api.CompareQuery) (*api.Comparison, error)
	// Activity returns by rule what ran; it reads every stored run.
	Activity(ctx context.Context) ([]event.RuleActivity, error)
	// Pauses returns what is paused and what that holds. Pause holds a rule, a
	// connection or everything; Resume ends that, or says what would happen.
	Pauses(ctx context.Context) ([]api.Pause, error)
	Pause(ctx context.Context, key event.PauseKey, r api.PauseRequest, by string) (*api.Pause, error)
	Resume(ctx context.Context, key event.PauseKey, r api.ResumeRequest, by string) (*api.Resumption, error)
	// Scheduled returns what is to be sent, the next first; Upcoming returns what
	// one run would send now. Postpone lets a run go on at another time.
	Scheduled(ctx context.Context, q api.ScheduledQuery) (*api.ScheduledPage, error)
	Upcoming(ctx context.Context, runID string) (*api.Scheduled, error)
	Postpone(ctx context.Context, runID string, until time.Time, by string) error
	// Backup makes a copy of the database; the file disappears when it is
	// closed.
	Backup(ctx context.Context) (*os.File, error)
}

// Analyst counts what happened. context.DeadlineExceeded means that there is
// too much to count for a page.
type Analyst interface {
	// Counted returns a *report.Unready while a report would take long,
	// because most stored events are not counted yet.
	Counted(ctx context.Context, o report.Options) error
	Report(ctx context.Context, o report.Options) (*report.Report, error)
}

// WebhookURL returns where a program on this machine sends events.
func (b *Backend) WebhookURL() string {
	if b.Webhook == nil {
		return "http://127.0.0.1:8080/webhooks/cirrus-insight"
	}
	return b.Webhook()
}

// Verbs are the changes that people can make to a run, by the name in the
// address.
func (b *Backend) Verbs() map[string]func(ctx context.Context, runID, by string) error {
	return map[string]func(ctx context.Context, runID, by string) error{
		"retry": b.Operator.Retry, "cancel": b.Operator.Cancel, "run-now": b.Operator.RunNow,
		"acknowledge": b.Operator.Acknowledge,
	}
}

// MaxTry bounds the rules and the event that are tried out together, in bytes.
const MaxTry = 4 << 20

// BreakerOpen is the state of a Connection that is paused after failures.
const BreakerOpen = "open"

// Fine reports whether no check has found a problem.
func Fine(checks map[string]string) bool {
	for _, problem := range checks {
		if problem != "" {
			return false
		}
	}
	return true
}
