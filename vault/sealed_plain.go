package vault

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Methods without sealed values are passed on unchanged. Each is written out,
// so that a new method of Store is not passed on by accident.

// Renew implements Store.
func (s sealedStore) Renew(ctx context.Context, owner string, leaseUntil time.Time) error {
	return s.below.Renew(ctx, owner, leaseUntil)
}

// Release implements Store.
func (s sealedStore) Release(ctx context.Context, owner string, now time.Time) error {
	return s.below.Release(ctx, owner, now)
}

// NextDue implements Store.
func (s sealedStore) NextDue(ctx context.Context) (time.Time, error) { return s.below.NextDue(ctx) }

// Woken implements Store.
func (s sealedStore) Woken() <-chan struct{} { return s.below.Woken() }

// SaveRevision implements Store.
func (s sealedStore) SaveRevision(ctx context.Context, revision string, sources []byte, at time.Time) error {
	return s.below.SaveRevision(ctx, revision, sources, at)
}

// Revision implements Store.
func (s sealedStore) Revision(ctx context.Context, revision string) ([]byte, error) {
	return s.below.Revision(ctx, revision)
}

// NewestRevision implements Store.
func (s sealedStore) NewestRevision(ctx context.Context) (*event.RevisionRecord, error) {
	return s.below.NewestRevision(ctx)
}

// FailedRuns implements Store.
func (s sealedStore) FailedRuns(ctx context.Context, f event.FailedRuns) ([]event.FailedRun, error) {
	return s.below.FailedRuns(ctx, f)
}

// RuleRuns implements Store.
func (s sealedStore) RuleRuns(ctx context.Context, f event.RulesFilter) ([]event.RuleRuns, error) {
	return s.below.RuleRuns(ctx, f)
}

// Counts implements Store.
func (s sealedStore) Counts(ctx context.Context) (event.Counts, error) { return s.below.Counts(ctx) }

// Tallies implements Store.
func (s sealedStore) Tallies(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return s.below.Tallies(ctx, since)
}

// Daily implements Store.
func (s sealedStore) Daily(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return s.below.Daily(ctx, since)
}

// Numbers implements Store.
func (s sealedStore) Numbers(ctx context.Context) (event.Numbers, error) { return s.below.Numbers(ctx) }

// FollowUps implements Store.
func (s sealedStore) FollowUps(ctx context.Context, since, until time.Time) ([]event.FollowUps, error) {
	return s.below.FollowUps(ctx, since, until)
}

// Activity implements Store.
func (s sealedStore) Activity(ctx context.Context) ([]event.RuleActivity, error) {
	return s.below.Activity(ctx)
}

// EventHours implements Store.
func (s sealedStore) EventHours(ctx context.Context, since time.Time) ([]time.Time, error) {
	return s.below.EventHours(ctx, since)
}

// WindowState implements Store.
func (s sealedStore) WindowState(ctx context.Context, w event.Window, here event.Occurrence) (*event.WindowState, error) {
	return s.below.WindowState(ctx, w, here)
}

// Footing implements Store.
func (s sealedStore) Footing(ctx context.Context) (event.Footing, error) { return s.below.Footing(ctx) }

// ObserveCommits implements Store.
func (s sealedStore) ObserveCommits(listener func(operations int, took time.Duration)) {
	s.below.ObserveCommits(listener)
}

// Replay implements Store.
func (s sealedStore) Replay(ctx context.Context, r event.Replay) (event.ReplayReceipt, error) {
	return s.below.Replay(ctx, r)
}

// RetryRun implements Store.
func (s sealedStore) RetryRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.below.RetryRun(ctx, id, now, reason)
}

// CancelRun implements Store.
func (s sealedStore) CancelRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.below.CancelRun(ctx, id, now, reason)
}

// RunNow implements Store.
func (s sealedStore) RunNow(ctx context.Context, id string, now time.Time, reason string) error {
	return s.below.RunNow(ctx, id, now, reason)
}

// MoveRevision implements Store.
func (s sealedStore) MoveRevision(ctx context.Context, id, revision string, next int, due time.Time, reason string, now time.Time) error {
	return s.below.MoveRevision(ctx, id, revision, next, due, reason, now)
}

// ChangeIssue implements Store.
func (s sealedStore) ChangeIssue(ctx context.Context, id string, c event.IssueChange) error {
	return s.below.ChangeIssue(ctx, id, c)
}

// AcknowledgeRun implements Store.
func (s sealedStore) AcknowledgeRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.below.AcknowledgeRun(ctx, id, now, reason)
}

// PruneMemory implements Store.
func (s sealedStore) PruneMemory(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.below.PruneMemory(ctx, now, limit)
}

// Prune implements Store.
func (s sealedStore) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.below.Prune(ctx, before, limit)
}

// PruneEvents implements Store.
func (s sealedStore) PruneEvents(ctx context.Context, events []event.Ref) (int, error) {
	return s.below.PruneEvents(ctx, events)
}

// PruneRest implements Store.
func (s sealedStore) PruneRest(ctx context.Context, before time.Time) error {
	return s.below.PruneRest(ctx, before)
}

// Exclusive implements Store.
func (s sealedStore) Exclusive(ctx context.Context, name string) (release func(), ok bool, err error) {
	return s.below.Exclusive(ctx, name)
}

// Size implements Store.
func (s sealedStore) Size(ctx context.Context) (event.Size, error) { return s.below.Size(ctx) }

// Shrink implements Store.
func (s sealedStore) Shrink(ctx context.Context, most int64) (int64, error) {
	return s.below.Shrink(ctx, most)
}

// Backup implements Store.
func (s sealedStore) Backup(ctx context.Context, file string) error { return s.below.Backup(ctx, file) }

// Close implements Store.
func (s sealedStore) Close() error { return s.below.Close() }

// Pauses implements Store.
func (s sealedStore) Pauses(ctx context.Context) ([]event.Pause, error) { return s.below.Pauses(ctx) }

// Pause implements Store.
func (s sealedStore) Pause(ctx context.Context, p event.Pause) error { return s.below.Pause(ctx, p) }

// Resume implements Store.
func (s sealedStore) Resume(ctx context.Context, key event.PauseKey, since time.Time) error {
	return s.below.Resume(ctx, key, since)
}

// FreeSetAside implements Store.
func (s sealedStore) FreeSetAside(ctx context.Context, limit int) (int, error) {
	return s.below.FreeSetAside(ctx, limit)
}

// SetAside implements Store.
func (s sealedStore) SetAside(ctx context.Context, lapsed time.Time) ([]event.SetAside, error) {
	return s.below.SetAside(ctx, lapsed)
}

// Hourly implements Store.
func (s sealedStore) Hourly(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return s.below.Hourly(ctx, since)
}

// Mark implements Store.
func (s sealedStore) Mark(ctx context.Context, name string) (string, error) {
	return s.below.Mark(ctx, name)
}

// SetMark implements Store.
func (s sealedStore) SetMark(ctx context.Context, name, value string) error {
	return s.below.SetMark(ctx, name, value)
}

// WaitingRules implements Store.
func (s sealedStore) WaitingRules(ctx context.Context, limit int) ([]string, error) {
	return s.below.WaitingRules(ctx, limit)
}

// Refusals implements Store.
func (s sealedStore) Refusals(ctx context.Context) ([]event.Refusal, error) {
	return s.below.Refusals(ctx)
}

// AddRefusals implements Store.
func (s sealedStore) AddRefusals(ctx context.Context, list []event.Refusal, now time.Time) error {
	return s.below.AddRefusals(ctx, list, now)
}
