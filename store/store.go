// Package store defines the store of events and runs. Its subpackages
// implement it with SQLite, PostgreSQL and memory.
package store

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

// Store is everything that Gavel needs from a database: for the engine, the
// command line and the console. All methods are safe for concurrent use; a
// temporary error wraps event.ErrUnavailable. Package storetest tests this
// contract.
type Store interface {
	// Accept stores an event and its runs in one transaction and returns after
	// they are on disk. A repeat changes nothing but the delivery count.
	// Concurrent calls share a commit.
	Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error)

	// Claim leases up to limit runs that are due and not held back by an
	// earlier one in their lanes: pending and waiting ones whose time has
	// come, and running ones whose lease has ended (those have Reclaimed set).
	// They are returned as StatusRunning, oldest due first.
	Claim(ctx context.Context, owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error)
	// Renew extends the leases of the owner's runs.
	Renew(ctx context.Context, owner string, leaseUntil time.Time) error
	// Record stores progress of a leased run. When the run has ended or waits,
	// its lanes are freed and the next runs in them can be claimed (Woken
	// signals that). What the run remembers is changed in the same transaction,
	// if the lease was held. Concurrent calls share a commit.
	Record(ctx context.Context, p event.Progress) error
	// Release returns all leases of the owner: its runs are pending and due.
	Release(ctx context.Context, owner string, now time.Time) error
	// NextDue returns when the next unheld run is due, or a lease ends; the
	// zero time if there is none.
	NextDue(ctx context.Context) (time.Time, error)
	// Woken receives when work may have become due other than by time: a run
	// was freed in its lane, or another process stored something.
	Woken() <-chan struct{}

	// SaveRevision stores the sources of a rule set (idempotent); Revision
	// returns them, or event.ErrNotFound.
	SaveRevision(ctx context.Context, revision string, sources []byte, at time.Time) error
	Revision(ctx context.Context, revision string) ([]byte, error)

	// Run returns one run, or event.ErrNotFound.
	Run(ctx context.Context, id string) (*event.Run, error)
	// Event returns one stored event by ORG/ID, /ID or an id alone (see
	// event.ParseRef), or event.ErrNotFound; event.ErrConflict when several
	// organizations use an id given alone. So do Meeting and PreviousEvent.
	Event(ctx context.Context, ref string) (*event.Record, error)
	// Meeting returns the state of a meeting, or event.ErrNotFound.
	Meeting(ctx context.Context, ref string) (*event.MeetingState, error)
	// Memories returns what is remembered with some keys, by key and name, also
	// what has expired. PruneMemory deletes up to limit expired values, and
	// returns how many. What is remembered with a meeting is deleted with its
	// last event.
	Memories(ctx context.Context, keys []event.MemoryKey) ([]event.Remembered, error)
	PruneMemory(ctx context.Context, now time.Time, limit int) (int, error)
	// Gathered returns the events that a threshold or a digest has collected
	// for a run; the zero Gathering if none.
	Gathered(ctx context.Context, runID string) (*event.Gathering, error)
	// PreviousEvent returns the newest event of the meeting that is older than
	// before, or event.ErrNotFound.
	PreviousEvent(ctx context.Context, ref string, before time.Time) (*event.Record, error)

	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	// RuleRuns returns, by rule and status, how many runs there are and which is
	// the newest, in no order; nothing for a rule and status without runs.
	RuleRuns(ctx context.Context, f event.RulesFilter) ([]event.RuleRuns, error)
	Counts(ctx context.Context) (event.Counts, error)
	// Tallies returns the counts since a time, by spans of event.TallyWidth,
	// oldest first.
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
	// Daily returns the counts by days of UTC since the day that contains a
	// time, oldest first. It keeps them for event.DailyKeep.
	Daily(ctx context.Context, since time.Time) ([]event.Tally, error)
	// Hourly returns calls and failed attempts by connection and hour since the hour
	// that contains a time, oldest first, without Detail. It keeps them for
	// event.HourlyKeep.
	Hourly(ctx context.Context, since time.Time) ([]event.Tally, error)
	// Numbers returns the numbers of the stored events.
	Numbers(ctx context.Context) (event.Numbers, error)
	// Facts returns up to limit blocks of facts with numbers above after, in
	// order; Data is nil when the newest event was received before since.
	// Erasing or deleting an event deletes its block.
	Facts(ctx context.Context, after int64, since time.Time, limit int) ([]event.Facts, error)
	// SaveFacts stores a block, unless there are now more or fewer events than
	// f.Events with its numbers, or Numbers has other Erasures; then ok is false.
	SaveFacts(ctx context.Context, f event.Facts, erasures int64) (ok bool, err error)
	// FollowUps counts the runs, created from since until before until, that
	// follow their meetings, without those of shadow rules. A zero since means
	// no limit.
	FollowUps(ctx context.Context, since, until time.Time) ([]event.FollowUps, error)
	// WindowState returns the state of a window for an event, which need not
	// be stored (then its Seq is 0). It changes nothing.
	WindowState(ctx context.Context, w event.Window, here event.Occurrence) (*event.WindowState, error)
	// Index indexes up to limit more events for Search, and returns how many.
	// Search returns the numbers of up to limit matching events after one
	// number and before another (0 means no bound), newest first. Up to number
	// upTo all events are indexed.
	Index(ctx context.Context, limit int) (int, error)
	Search(ctx context.Context, what search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error)
	// WaitingRules returns the names of the rules with waiting runs, in order, at
	// most limit of them. How long it takes depends on how many these are, not on
	// how many runs wait.
	WaitingRules(ctx context.Context, limit int) ([]string, error)
	// NewestRevision returns the rule set that was put in force last, or
	// event.ErrNotFound. Activity returns by rule what ran, sorted by name; it
	// reads every stored run.
	NewestRevision(ctx context.Context) (*event.RevisionRecord, error)
	Activity(ctx context.Context) ([]event.RuleActivity, error)
	// EventHours returns when the first event of each hour since then was
	// received, oldest first; hours without events are missing. Gavel's own are
	// left out.
	EventHours(ctx context.Context, since time.Time) ([]time.Time, error)

	// Footing returns what the store's guarantees depend on.
	Footing(ctx context.Context) (event.Footing, error)
	// ObserveCommits sets the function that is called after each commit with
	// its number of acceptances and records, and its duration.
	ObserveCommits(listener func(operations int, took time.Duration))

	// Replay starts runs for a stored event, all of them or none;
	// event.ErrNotFound if the event is not stored.
	Replay(ctx context.Context, r event.Replay) (event.ReplayReceipt, error)

	// RetryRun makes an ended run due again, CancelRun ends one that has not
	// ended, RunNow makes a waiting one due. The error is event.ErrNotFound
	// or, when the run's state does not allow it, event.ErrConflict.
	RetryRun(ctx context.Context, id string, now time.Time, reason string) error
	CancelRun(ctx context.Context, id string, now time.Time, reason string) error
	RunNow(ctx context.Context, id string, now time.Time, reason string) error

	// Pauses returns what is paused, sorted by key. Pause stores a pause; the
	// error is event.ErrConflict if its key is paused already. Resume ends the
	// one that began at since, or returns event.ErrNotFound.
	Pauses(ctx context.Context) ([]event.Pause, error)
	Pause(ctx context.Context, p event.Pause) error
	Resume(ctx context.Context, key event.PauseKey, since time.Time) error
	// FreeSetAside lets up to limit runs be claimed again whose pause has ended,
	// oldest due first, and returns how many. SetAside counts the runs that
	// pauses hold, sorted by key; those that lapse and were due before lapsed are
	// Past.
	FreeSetAside(ctx context.Context, limit int) (int, error)
	SetAside(ctx context.Context, lapsed time.Time) ([]event.SetAside, error)

	// Refusals returns the refused requests by reason and source, the latest
	// first. AddRefusals adds counts, at most event.RefusalRows in all: what
	// finds no room counts under an empty source.
	Refusals(ctx context.Context) ([]event.Refusal, error)
	AddRefusals(ctx context.Context, list []event.Refusal, now time.Time) error

	// Mark returns the value of a mark, empty if there is none; SetMark sets it,
	// or deletes it if value is empty. Marks say how far something has been told,
	// so that another process goes on there. They must not tell about people.
	Mark(ctx context.Context, name string) (string, error)
	SetMark(ctx context.Context, name, value string) error

	// MoveRevision lets a waiting run continue with another revision of its
	// rule.
	MoveRevision(ctx context.Context, id, revision string, next int, due time.Time, reason string, now time.Time) error

	// Issues returns issues, those with failing runs first and of these the one
	// that failed last; IssueRuns returns failed runs of one, the one that failed
	// last first. How long they take does not depend on how many runs there are.
	Issues(ctx context.Context, f event.IssueFilter) ([]*event.Issue, error)
	IssueRuns(ctx context.Context, f event.IssueRuns) ([]*event.Run, error)
	// FailedRuns returns which of some runs are failed now, at most 10,000.
	FailedRuns(ctx context.Context, f event.FailedRuns) ([]event.FailedRun, error)
	// ChangeIssue resolves, mutes or unmutes an issue, AcknowledgeRun resolves
	// the failure of one run. A failure that is stored at the same time is either
	// acknowledged with the others or reopens the issue. The error is
	// event.ErrNotFound or, when the state does not allow it, event.ErrConflict.
	ChangeIssue(ctx context.Context, id string, c event.IssueChange) error
	AcknowledgeRun(ctx context.Context, id string, now time.Time, reason string) error

	// Erase replaces the body of an event and removes what its runs sent and
	// received; event.ErrNotFound if the event is not stored.
	Erase(ctx context.Context, eventID string, body []byte, reason string) error
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	// Prunable lists what Prune would delete, by Place, and about
	// event.PageBytes of it; PruneEvents deletes
	// those of the given events that may still be deleted, PruneRest what
	// belonged to them. Exclusive gives a name to one process at a time.
	Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error)
	PruneEvents(ctx context.Context, events []event.Ref) (int, error)
	PruneRest(ctx context.Context, before time.Time) error
	Exclusive(ctx context.Context, name string) (release func(), ok bool, err error)
	// Size returns how much room the store takes. Shrink gives up to most bytes
	// that hold nothing back to the disk, and returns how many; some are kept for
	// new events. It is 0 when there is nothing left to give back.
	Size(ctx context.Context) (event.Size, error)
	Shrink(ctx context.Context, most int64) (int64, error)
	// Backup writes a consistent copy of the store into a file that does not
	// exist or is empty.
	Backup(ctx context.Context, file string) error
	Close() error
}
