package notice

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// mostIssues bounds how many issues are followed; those that failed last come
// first.
const mostIssues = 5000

// issueMark is what was told of an issue.
type issueMark struct {
	// Told is the number of the last failure told. Plan, if not 0, is the number up
	// to which the failures are being told as one event.
	Told int64 `json:"told"`
	Plan int64 `json:"plan,omitempty"`
	// Number counts how often it was opened. Open says that it is; Quiet that this
	// was not told.
	Number int64 `json:"number"`
	Open   bool  `json:"open,omitempty"`
	Quiet  bool  `json:"quiet,omitempty"`
}

// renew implements the argument of load: issues are marked all together when
// they begin to be followed.
func (*issueMark) renew(time.Time) {}

// glance is what of an issue changes when there is something to tell.
type glance struct {
	total, failing int64
	state          event.IssueState
}

func glanceAt(i *event.Issue, now time.Time) glance { return glance{i.Total, i.Failing, i.State(now)} }

// beginIssues marks all failures so far as told.
func (n *Notices) beginIssues(ctx context.Context) error {
	list, err := n.Store.Issues(ctx, event.IssueFilter{Bare: true, Limit: mostIssues})
	if err != nil {
		return err
	}
	clear(n.seen)
	for _, i := range list {
		var m issueMark
		if err := n.load(ctx, "issues", "issue/"+i.ID, &m); err != nil {
			return err
		}
		m.Told, m.Plan, m.Open, m.Quiet = i.Total, 0, i.Failing > 0, false
		if err := n.save(ctx, "issue/"+i.ID, m); err != nil {
			return err
		}
	}
	return nil
}

// issues tells what has failed, and which issues were opened and resolved.
func (n *Notices) issues(ctx context.Context) error {
	list, err := n.Store.Issues(ctx, event.IssueFilter{Bare: true, Limit: mostIssues})
	if err != nil {
		return err
	}
	for _, i := range slices.Backward(list) { // the one that failed first
		now := glanceAt(i, n.Now())
		if n.seen[i.ID] == now {
			continue
		}
		if n.left <= 0 {
			n.Soon()
			return nil
		}
		if err := n.issue(ctx, i); err != nil {
			return err
		}
		n.seen[i.ID] = now
	}
	return nil
}

func (n *Notices) issue(ctx context.Context, i *event.Issue) error {
	var m issueMark
	if err := n.load(ctx, "issues", "issue/"+i.ID, &m); err != nil {
		return err
	}
	before, muted := m, i.State(n.Now()) == event.IssueMuted
	runs, err := n.Store.IssueRuns(ctx, event.IssueRuns{ID: i.ID, After: m.Told, Limit: mostOfIssue})
	if err != nil {
		return err
	}
	// A run that one of these events has started is not told of, or a rule that
	// answers failures would answer its own for ever.
	runs = slices.DeleteFunc(runs, func(r *event.Run) bool { return r.Failure <= m.Told || r.Shadow || own.Is(r.EventType) })
	if err := n.opened(ctx, i, &m, runs, muted); err != nil {
		return err
	}
	if err := n.failures(ctx, i, &m, runs, muted); err != nil {
		return err
	}
	if m == before {
		return nil
	}
	return n.save(ctx, "issue/"+i.ID, m)
}

// opened tells that an issue was opened or resolved.
func (n *Notices) opened(ctx context.Context, i *event.Issue, m *issueMark, runs []*event.Run, muted bool) error {
	facts := own.Facts{Issue: i.ID, Rule: i.Rule, Action: i.Action, Cause: string(i.Cause), Connection: i.Connection, Since: i.First.UTC(), URL: n.link("/issues/" + i.ID)}
	switch {
	case i.Failing > 0 && !m.Open && !muted:
		m.Open, m.Quiet = true, len(runs) == 0
		m.Number++
		if m.Quiet {
			return nil
		}
		facts.Run, facts.Count = runs[0].ID, int(i.Failing)
		if !i.Reopened.IsZero() {
			facts.Since = i.Reopened.UTC()
		}
		facts.Text = fmt.Sprintf("Issue opened: %s: %s", where(i.Rule, i.Action), runs[0].Reason)
		n.left--
		return n.tellOf(ctx, runs[0].Organization, own.TypeIssueOpened, i.ID, strconv.FormatInt(m.Number, 10), runs[0].Finished, facts)
	case i.Failing == 0 && m.Open:
		m.Open = false
		if m.Quiet {
			return nil
		}
		facts.By, facts.Text = i.By, fmt.Sprintf("Issue resolved: %s (%s): no run of it is failed any more", where(i.Rule, i.Action), i.Cause)
		n.left--
		return n.tell(ctx, own.TypeIssueResolved, i.ID, strconv.FormatInt(m.Number, 10), n.Now(), facts)
	}
	return nil
}

// failures tells of the runs that have failed since: each, or the newest one with
// how many there are.
func (n *Notices) failures(ctx context.Context, i *event.Issue, m *issueMark, runs []*event.Run, muted bool) error {
	upTo := i.Total
	if m.Plan > 0 {
		upTo = m.Plan
	}
	if upTo <= m.Told {
		return nil
	}
	runs = slices.DeleteFunc(runs, func(r *event.Run) bool { return r.Failure > upTo })
	count := upTo - m.Told
	switch {
	case muted || len(runs) == 0: // retried, or nobody wants to hear of them
	case count > mostOfIssue:
		if m.Plan == 0 {
			m.Plan = upTo
			if err := n.save(ctx, "issue/"+i.ID, *m); err != nil {
				return err
			}
		}
		if err := n.failed(ctx, i, runs[0], upTo, count); err != nil {
			return err
		}
	default:
		for _, r := range slices.Backward(runs) {
			if err := n.failed(ctx, i, r, r.Failure, 1); err != nil {
				return err
			}
		}
	}
	m.Told, m.Plan = upTo, 0
	return nil
}

// failed tells of one failed run, which stands for count of them.
func (n *Notices) failed(ctx context.Context, i *event.Issue, r *event.Run, number, count int64) error {
	text := "Run failed: " + where(i.Rule, i.Action) + ": " + r.Reason
	if count > 1 {
		text += fmt.Sprintf(" (and %d others)", count-1)
	}
	n.left--
	return n.tellOf(ctx, r.Organization, own.TypeRunFailed, i.ID, strconv.FormatInt(number, 10), r.Finished, own.Facts{
		Rule: i.Rule, Run: r.ID, Action: i.Action, Cause: string(i.Cause), Connection: i.Connection, Issue: i.ID,
		Event: r.EventID, EventType: r.EventType, Meeting: r.MeetingID, Revision: r.Revision, Count: int(count),
		Text: text, URL: n.link("/runs/" + r.ID),
	})
}

func where(rule, action string) string {
	if action == "" {
		return "rule " + rule
	}
	return "rule " + rule + ", action " + action
}
