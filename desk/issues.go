package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/units"
)

const (
	// issuePage is how many runs of an issue are listed or retried at a time.
	issuePage = 50
	// retriedAtOnce is how many runs are retried side by side; the store commits
	// them together.
	retriedAtOnce = 8
	// leastPrefix is how many characters of an issue's id name it.
	leastPrefix = 4
)

// Issues lists issues: the open ones first, then those that are muted, of each
// the one that failed last first.
func (d *Desk) Issues(ctx context.Context, q api.IssueQuery) ([]api.Issue, error) {
	states := q.States
	if len(states) == 0 {
		states = []event.IssueState{event.IssueOpen, event.IssueMuted}
	}
	found, err := d.shown().Issues(ctx, event.IssueFilter{Failing: !slices.Contains(states, event.IssueResolved), Since: d.firstSpan()})
	if err != nil {
		return nil, err
	}
	list := []api.Issue{}
	for _, i := range found {
		issue := d.issueOf(i)
		if slices.Contains(states, issue.State) && (q.Rule == "" || q.Rule == issue.Rule) && (q.Connection == "" || q.Connection == issue.Connection) {
			list = append(list, issue)
		}
	}
	order := event.IssueStates()
	slices.SortStableFunc(list, func(a, b api.Issue) int {
		return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State))
	})
	return list, nil
}

// Issue returns an issue by its id, or by an unambiguous beginning of it, with
// its failed runs; cursor continues their list.
func (d *Desk) Issue(ctx context.Context, id, cursor string) (*api.IssueDetail, error) {
	i, err := d.issue(ctx, id)
	if err != nil {
		return nil, err
	}
	f := event.IssueRuns{ID: i.ID, After: i.Acknowledged, Limit: issuePage + 1}
	if i.Failing == 0 {
		f.After = 0 // those that were acknowledged
	}
	if cursor != "" {
		if f.Before, err = strconv.ParseInt(cursor, 10, 64); err != nil || f.Before <= 0 {
			return nil, fmt.Errorf("%w cursor %q: use next of the page before", event.ErrInvalid, cursor)
		}
	}
	runs, err := d.shown().IssueRuns(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &api.IssueDetail{Issue: d.issueOf(i)}
	if len(runs) > issuePage {
		runs = runs[:issuePage]
		out.Next = strconv.FormatInt(runs[issuePage-1].Failure, 10)
	}
	out.Runs, err = d.about(ctx, runs, i.Acknowledged)
	return out, err
}

// IssueOf returns the issue of a failed run, with that run alone; an
// event.ErrNotFound if the run is not failed.
func (d *Desk) IssueOf(ctx context.Context, runID string) (*api.IssueDetail, error) {
	found, err := d.shown().Issues(ctx, event.IssueFilter{Run: runID, Since: d.firstSpan()})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Example == nil {
		return nil, fmt.Errorf("the issue of run %q: %w", runID, event.ErrNotFound)
	}
	i := found[0]
	return &api.IssueDetail{Issue: d.issueOf(i), Runs: []api.IssueRun{{Run: i.Example, Acknowledged: i.Example.Failure <= i.Acknowledged}}}, nil
}

// issue finds an issue by its id or the beginning of it.
func (d *Desk) issue(ctx context.Context, id string) (*event.Issue, error) {
	found, err := d.shown().Issues(ctx, event.IssueFilter{ID: id, Since: d.firstSpan()})
	if err == nil && len(found) == 0 && len(id) >= leastPrefix {
		found, err = d.shown().Issues(ctx, event.IssueFilter{Since: d.firstSpan()})
		found = slices.DeleteFunc(found, func(i *event.Issue) bool { return !strings.HasPrefix(i.ID, id) })
	}
	switch {
	case err != nil:
		return nil, err
	case id == "" || len(found) == 0:
		return nil, fmt.Errorf("issue %q: %w; \"gavel issues list --state all\" lists them", id, event.ErrNotFound)
	case len(found) == 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%w: the ids of %d issues begin with %q; write more of it", event.ErrConflict, len(found), id)
}

// ResolveIssue acknowledges the failures of an issue. It comes back when a run
// fails in it again.
func (d *Desk) ResolveIssue(ctx context.Context, id string, r api.ResolveRequest, by string) (*api.Issue, error) {
	if r.Total < 0 {
		return nil, fmt.Errorf("%w total %d: give the total of the issue as it was looked at", event.ErrInvalid, r.Total)
	}
	return d.changeIssue(ctx, id, event.IssueChange{Verb: event.IssueResolve, Seen: r.Total, By: by})
}

// longestMute bounds a mute: what nobody wants to hear of for longer is resolved,
// or the rule is changed.
const longestMute = 366 * 24 * time.Hour

// MuteIssue keeps an issue from counting as trouble until a time.
func (d *Desk) MuteIssue(ctx context.Context, id string, r api.MuteRequest, by string) (*api.Issue, error) {
	now, until := d.now(), r.Until
	switch {
	case (r.For == "") == r.Until.IsZero():
		return nil, fmt.Errorf("%w mute: say until when, or for how long, such as 2h or 7d", event.ErrInvalid)
	case r.For != "":
		length, err := units.ParseDuration(r.For)
		if err != nil {
			return nil, fmt.Errorf("%w mute: %w", event.ErrInvalid, err)
		}
		if length <= 0 {
			return nil, fmt.Errorf("%w mute: %q is not in the future; write a duration such as 2h or 7d", event.ErrInvalid, r.For)
		}
		until = now.Add(time.Duration(length))
	}
	switch {
	case !until.After(now):
		return nil, fmt.Errorf("%w mute: %s is over already", event.ErrInvalid, event.TimeText(until))
	case until.After(now.Add(longestMute)):
		return nil, fmt.Errorf("%w mute: an issue is muted for at most a year", event.ErrInvalid)
	}
	return d.changeIssue(ctx, id, event.IssueChange{Verb: event.IssueMute, Until: until, By: by})
}

// UnmuteIssue ends the mute of an issue.
func (d *Desk) UnmuteIssue(ctx context.Context, id, by string) (*api.Issue, error) {
	return d.changeIssue(ctx, id, event.IssueChange{Verb: event.IssueUnmute, By: by})
}

func (d *Desk) changeIssue(ctx context.Context, id string, c event.IssueChange) (*api.Issue, error) {
	i, err := d.issue(ctx, id)
	if err != nil {
		return nil, err
	}
	c.Now = d.now()
	if err := d.Store.ChangeIssue(ctx, i.ID, c); err != nil {
		return nil, err
	}
	if i, err = d.issue(ctx, i.ID); err != nil {
		return nil, err
	}
	out := d.issueOf(i)
	return &out, nil
}

// RetryIssue retries the failing runs of an issue, the one that failed last
// first; without r.Confirm it only returns which.
func (d *Desk) RetryIssue(ctx context.Context, id string, r api.RetryRequest, by string) (*api.IssueRetry, error) {
	i, err := d.issue(ctx, id)
	if err != nil {
		return nil, err
	}
	shown := d.issueOf(i)
	out := &api.IssueRetry{
		ID: shown.ID, Rule: shown.Rule, Action: shown.Action, Cause: shown.Cause, Connection: shown.Connection, Failing: shown.Failing, Runs: []api.IssueRun{},
	}
	if i.Failing == 0 {
		return nil, fmt.Errorf("retry issue %q: %w: none of its runs is failed now", i.ID, event.ErrConflict)
	}
	// Those that fail again meanwhile have higher numbers.
	f := event.IssueRuns{ID: i.ID, After: i.Acknowledged, Before: i.Total + 1, Limit: api.RetriesShown}
	if !r.Confirm {
		runs, err := d.shown().IssueRuns(ctx, f)
		if err != nil {
			return nil, err
		}
		out.Runs, err = d.about(ctx, runs, i.Acknowledged)
		return out, err
	}
	for f.Limit = issuePage; out.Retried+out.Gone < api.RetriesMost; {
		runs, err := d.Store.IssueRuns(ctx, f)
		if err != nil || len(runs) == 0 {
			return out, err
		}
		if err := d.retryAll(ctx, runs, by, out); err != nil {
			return out, err
		}
		f.Before = runs[len(runs)-1].Failure
	}
	return out, nil
}

// retryAll retries runs side by side, and counts them.
func (d *Desk) retryAll(ctx context.Context, runs []*event.Run, by string, out *api.IssueRetry) error {
	errs := make([]error, len(runs))
	var all sync.WaitGroup
	for first := range min(retriedAtOnce, len(runs)) {
		all.Go(func() {
			for n := first; n < len(runs); n += retriedAtOnce {
				errs[n] = d.Retry(ctx, runs[n].ID, by)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			out.Retried++
		case errors.Is(err, event.ErrConflict), errors.Is(err, event.ErrNotFound):
			out.Gone++
		default:
			return err
		}
	}
	return nil
}

// Acknowledge takes a failed run out of those that its issue counts as failing.
func (d *Desk) Acknowledge(ctx context.Context, runID, by string) error {
	return d.Store.AcknowledgeRun(ctx, runID, d.now(), "acknowledged "+by)
}

// firstSpan is the start of the first half day that is shown.
func (d *Desk) firstSpan() time.Time {
	return d.now().UTC().Truncate(event.IssueWidth).Add(event.IssueWidth - event.IssueKeep)
}

func (d *Desk) issueOf(i *event.Issue) api.Issue {
	out := api.Issue{
		ID: i.ID, State: i.State(d.now()), Rule: i.Rule, Action: i.Action, Cause: i.Cause, Connection: i.Connection, Failing: i.Failing, Total: i.Total,
		First: i.First, Last: i.Last, Resolved: i.Resolved, Reopened: i.Reopened, By: i.By, Example: i.Example,
	}
	if out.State == event.IssueMuted {
		out.MutedUntil = i.MutedUntil
	}
	counts := map[int64]int64{}
	for _, c := range i.Counts {
		counts[c.Start.Unix()] = c.Count
	}
	first := d.firstSpan()
	for at := first; at.Before(first.Add(event.IssueKeep)); at = at.Add(event.IssueWidth) {
		out.Spans = append(out.Spans, api.IssueSpan{Start: at, Count: counts[at.Unix()]})
	}
	return out
}

// about adds to failed runs whom they are about.
func (d *Desk) about(ctx context.Context, runs []*event.Run, acknowledged int64) ([]api.IssueRun, error) {
	out := make([]api.IssueRun, 0, len(runs))
	if len(runs) == 0 {
		return out, nil
	}
	var refs []string
	for _, run := range runs {
		refs = append(refs, run.EventRef())
	}
	slices.Sort(refs)
	known := map[string]api.About{}
	f := event.EventFilter{IDs: slices.Compact(refs), Limit: len(refs), Bytes: event.PageBytes}
	for more := true; more; {
		records, err := d.shown().Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			if f.Before = rec.Seq; rec.Event.HasMeeting() {
				known[rec.Event.Key()] = api.AboutOf(rec.Event)
			}
		}
		more = event.Continues(records)
	}
	for _, run := range runs {
		r := api.IssueRun{Run: run, Acknowledged: run.Failure <= acknowledged}
		about := known[run.EventKey()]
		r.Meeting, r.Invitee = about.Title, about.Invitee
		out = append(out, r)
	}
	return out, nil
}
