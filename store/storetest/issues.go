package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func issueTests() map[string]func(*world) {
	return map[string]func(*world){
		"failures of the same kind are one issue":           issueGroups,
		"a run that is retried has not failed":              issueRetry,
		"a resolved issue comes back":                       issueResolve,
		"what failed meanwhile is not resolved":             issueResolveRace,
		"failing and resolving at once swallow nothing":     issueResolveAtOnce,
		"an issue is muted for a while":                     issueMute,
		"one failure is acknowledged":                       issueAcknowledge,
		"an issue that is not there or not failing says so": issueRefused,
		"runs that fail when they begin are issues":         issueAtBirth,
		"an issue shrinks and goes with old events":         issuePrune,
		"an issue counts by spans, and forgets old ones":    issueSpans,
	}
}

// fails lets the run of a new event fail.
func (w *world) fails(id, rule, action string, cause event.Cause, minute int) {
	w.Helper()
	ev := w.scheduled("e"+id, "m"+id, minute)
	p := plan(ev, id, "slack")
	p.Rule = rule
	w.failsAgain(w.acceptMine("me", ev, p).Started[0], action, cause, minute)
}

func (w *world) failsAgain(r *event.Run, action string, cause event.Cause, minute int) {
	w.Helper()
	r.Status, r.Finished, r.Updated, r.Reason = event.StatusFailed, at(minute), at(minute), "refused "+r.ID
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", Attempts: []event.Attempt{{
		RunID: r.ID, Action: 1, ActionID: action, Kind: "slack", Try: 1, Started: at(minute), Ended: at(minute),
		Outcome: event.OutcomeFailed, Cause: cause, Connection: "chat",
	}}}))
}

// again claims a run that was retried.
func (w *world) again(id string, minute int) *event.Run {
	w.Helper()
	w.must(w.RetryRun(w.Context(), id, at(minute), "again"))
	runs := w.claimRuns("me", minute)
	w.equal("claimed", ids(runs), id)
	return runs[0]
}

// issues are all issues in short: rule, action, cause, failing/total, first to
// last, the newest run, and what else there is to say at a minute.
func (w *world) issues(minute int) []string {
	w.Helper()
	list, err := w.Issues(w.Context(), event.IssueFilter{})
	w.must(err)
	var out []string
	for _, i := range list {
		text := fmt.Sprintf("%s %s %s %d/%d %d-%d", i.Rule, i.Action, i.Cause, i.Failing, i.Total, minuteOf(i.First), minuteOf(i.Last))
		if i.Example != nil {
			text += " " + i.Example.ID
		}
		text += " " + string(i.State(at(minute)))
		if !i.Reopened.IsZero() {
			text += fmt.Sprintf(" reopened %d", minuteOf(i.Reopened))
		}
		out = append(out, text)
	}
	return out
}

func minuteOf(t time.Time) int { return int(t.Sub(at(0)).Minutes()) }

// only returns the only issue.
func (w *world) only() *event.Issue {
	w.Helper()
	list, err := w.Issues(w.Context(), event.IssueFilter{})
	w.must(err)
	if len(list) != 1 {
		w.Fatalf("there are %d issues, want 1", len(list))
	}
	return list[0]
}

func (w *world) resolve(id string, seen int64, minute int) {
	w.Helper()
	w.must(w.ChangeIssue(w.Context(), id, event.IssueChange{Verb: event.IssueResolve, Seen: seen, By: "olga", Now: at(minute)}))
}

func issueGroups(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	w.fails("2", "alert", "post", event.CauseAuth, 2)
	w.fails("3", "thank", "mail", event.CauseServer, 3)
	w.fails("4", "thank", "mail", event.CauseTimeout, 4)
	w.equal("issues", w.issues(5), []string{
		"thank mail timeout 1/1 4-4 4 open", "thank mail server 2/2 1-3 3 open", "alert post auth 1/1 2-2 2 open",
	})
	id := event.IssueID("thank", "mail", event.CauseServer)
	found, err := w.Issues(w.Context(), event.IssueFilter{ID: id})
	w.must(err)
	w.equal("by its id", []any{len(found), found[0].ID, found[0].Connection, found[0].Example.Reason}, []any{1, id, "chat", "refused 3"})
	found, err = w.Issues(w.Context(), event.IssueFilter{Run: "1"})
	w.must(err)
	w.equal("of a run", []any{len(found), found[0].ID, found[0].Example.ID, found[0].Example.Failure}, []any{1, id, "1", int64(1)})
	runs, err := w.IssueRuns(w.Context(), event.IssueRuns{ID: id, Limit: 1})
	w.must(err)
	w.equal("its newest run", ids(runs), "3")
	runs, err = w.IssueRuns(w.Context(), event.IssueRuns{ID: id, Before: runs[0].Failure})
	w.must(err)
	w.equal("those before", ids(runs), "1")
}

func issueRetry(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	w.fails("2", "thank", "mail", event.CauseServer, 2)
	r := w.again("1", 3)
	w.equal("being retried", w.issues(3), []string{"thank mail server 1/2 1-2 2 open"})
	w.failsAgain(r, "mail", event.CauseServer, 4)
	w.equal("failed again", w.issues(4), []string{"thank mail server 2/3 1-4 1 open"})
	w.again("1", 5)
	w.finish("me", "1", event.StatusSucceeded, 5)
	w.again("2", 6)
	w.finish("me", "2", event.StatusSucceeded, 6)
	w.equal("all is well", w.issues(7), []string{"thank mail server 0/3 1-4 resolved"})
	failing, err := w.Issues(w.Context(), event.IssueFilter{Failing: true})
	w.must(err)
	w.equal("failing", len(failing), 0)
}

func issueResolve(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	w.resolve(w.only().ID, 0, 2)
	w.equal("resolved", w.issues(3), []string{"thank mail server 0/1 1-1 1 resolved"})
	w.equal("when and by whom", []any{w.only().Resolved, w.only().By}, []any{at(2), "olga"})
	w.fails("2", "thank", "mail", event.CauseServer, 4)
	w.equal("it is back", w.issues(5), []string{"thank mail server 1/2 1-4 2 open reopened 4"})
	w.equal("not resolved", w.only().Resolved.IsZero(), true)
	runs, err := w.IssueRuns(w.Context(), event.IssueRuns{ID: w.only().ID, After: w.only().Acknowledged})
	w.must(err)
	w.equal("failing", ids(runs), "2")
	w.again("1", 6)
	w.finish("me", "1", event.StatusSucceeded, 6)
	w.equal("an acknowledged one does not count", w.issues(7), []string{"thank mail server 1/2 1-4 2 open reopened 4"})
}

func issueResolveRace(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	seen := w.only().Total
	w.fails("2", "thank", "mail", event.CauseServer, 2)
	w.resolve(w.only().ID, seen, 3)
	w.equal("the new one stays", w.issues(4), []string{"thank mail server 1/2 1-2 2 open reopened 3"})
	w.resolve(w.only().ID, 2, 4)
	w.equal("nothing is left", w.issues(5), []string{"thank mail server 0/2 1-2 2 resolved reopened 3"})
}

// issueResolveAtOnce resolves while runs fail: each failure is either
// acknowledged or still counted, whichever came first.
func issueResolveAtOnce(w *world) {
	const runs = 24
	var started []*event.Run
	for n := range runs {
		ev := w.scheduled(fmt.Sprint("e", n), fmt.Sprint("m", n), n)
		p := plan(ev, fmt.Sprint(n))
		p.Rule = "thank"
		started = append(started, w.acceptMine("me", ev, p).Started...)
	}
	w.failsAgain(started[0], "mail", event.CauseServer, 0)
	id := w.only().ID
	var all sync.WaitGroup
	for n, r := range started[1:] {
		all.Go(func() { w.failsAgain(r, "mail", event.CauseServer, n) })
		if n%6 == 0 {
			all.Go(func() {
				err := w.ChangeIssue(w.Context(), id, event.IssueChange{Verb: event.IssueResolve, Now: at(n)})
				if err != nil && !errors.Is(err, event.ErrConflict) {
					w.Error(err)
				}
			})
		}
	}
	all.Wait()
	i := w.only()
	left, err := w.IssueRuns(w.Context(), event.IssueRuns{ID: id, After: i.Acknowledged, Limit: runs + 1})
	w.must(err)
	w.equal("all are counted", i.Total, int64(runs))
	w.equal("those that are left", []int64{i.Failing, i.Total - i.Acknowledged}, []int64{int64(len(left)), int64(len(left))})
}

func issueMute(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	mute := event.IssueChange{Verb: event.IssueMute, Until: at(60), By: "olga", Now: at(2)}
	w.must(w.ChangeIssue(w.Context(), w.only().ID, mute))
	w.fails("2", "thank", "mail", event.CauseServer, 4)
	w.equal("muted, and counted", w.issues(59), []string{"thank mail server 2/2 1-4 2 muted"})
	w.equal("the time is over", w.issues(60), []string{"thank mail server 2/2 1-4 2 open"})
	unmute := event.IssueChange{Verb: event.IssueUnmute, Now: at(5)}
	w.must(w.ChangeIssue(w.Context(), w.only().ID, unmute))
	w.equal("not muted", w.issues(5), []string{"thank mail server 2/2 1-4 2 open"})
	if err := w.ChangeIssue(w.Context(), w.only().ID, unmute); !errors.Is(err, event.ErrConflict) {
		w.Errorf("unmute again: %v, want ErrConflict", err)
	}
}

func issueAcknowledge(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	w.fails("2", "thank", "mail", event.CauseServer, 2)
	w.must(w.AcknowledgeRun(w.Context(), "2", at(3), "acknowledged by olga"))
	w.equal("one is left", w.issues(4), []string{"thank mail server 1/2 1-2 1 open"})
	w.equal("the run", w.run("2").Status, event.StatusFailed)
	w.equal("history", w.history("2"), []string{"failed", "changed acknowledged by olga"})
	failed, err := w.FailedRuns(w.Context(), event.FailedRuns{Events: []int64{w.seqOf("e1"), w.seqOf("e2")}, Runs: []string{"2", "none"}})
	w.must(err)
	slices.SortFunc(failed, func(a, b event.FailedRun) int { return strings.Compare(a.Run, b.Run) })
	w.equal("failed now", failed, []event.FailedRun{{Event: w.seqOf("e1"), Run: "1"}, {Event: w.seqOf("e2"), Run: "2", Acknowledged: true}})
	if err := w.AcknowledgeRun(w.Context(), "2", at(4), "again"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("again: %v, want ErrConflict", err)
	}
	w.again("2", 5)
	w.finish("me", "2", event.StatusSucceeded, 5)
	w.must(w.AcknowledgeRun(w.Context(), "1", at(6), "acknowledged by olga"))
	w.equal("none is left", w.issues(7), []string{"thank mail server 0/2 1-2 1 resolved"})
	if err := w.AcknowledgeRun(w.Context(), "1", at(8), "again"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("the last again: %v, want ErrConflict", err)
	}
	w.equal("nothing half done", len(w.history("1")), 2)
}

// seqOf is the number of a stored event.
func (w *world) seqOf(id string) int64 {
	w.Helper()
	r, err := w.Event(w.Context(), id)
	w.must(err)
	return r.Seq
}

func issueRefused(w *world) {
	for _, verb := range []event.IssueVerb{event.IssueResolve, event.IssueMute, event.IssueUnmute} {
		if err := w.ChangeIssue(w.Context(), "0123", event.IssueChange{Verb: verb, Now: at(1)}); !errors.Is(err, event.ErrNotFound) {
			w.Errorf("%s: %v, want ErrNotFound", verb, err)
		}
	}
	if err := w.AcknowledgeRun(w.Context(), "none", at(1), "x"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("acknowledge: %v, want ErrNotFound", err)
	}
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	w.resolve(w.only().ID, 0, 2)
	for _, verb := range []event.IssueVerb{event.IssueResolve, event.IssueMute, event.IssueUnmute} {
		if err := w.ChangeIssue(w.Context(), w.only().ID, event.IssueChange{Verb: verb, Now: at(3), Until: at(9)}); !errors.Is(err, event.ErrConflict) {
			w.Errorf("%s of a resolved one: %v, want ErrConflict", verb, err)
		}
	}
	if err := w.AcknowledgeRun(w.Context(), "1", at(4), "x"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("acknowledge what is resolved: %v, want ErrConflict", err)
	}
	ev := w.scheduled("e2", "m2", 5)
	w.accept(ev, plan(ev, "2"))
	if err := w.AcknowledgeRun(w.Context(), "2", at(6), "x"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("acknowledge a pending run: %v, want ErrConflict", err)
	}
}

func issueAtBirth(w *world) {
	ev := w.scheduled("e1", "m1", 1)
	p := plan(ev, "1")
	p.Rule, p.Status, p.Next, p.Finished, p.Reason = "broken", event.StatusFailed, event.NextCondition, at(1), "no such answer"
	w.accept(ev, p)
	w.equal("issue", w.issues(2), []string{"broken  expression 1/1 1-1 1 open"})
	p.ID, p.Finished = "2", at(3)
	_, err := w.Replay(w.Context(), event.Replay{EventID: "e1", Revision: "r1", Runs: []event.ReplayedRun{{PlannedRun: p}}, Reason: "again", Now: at(3)})
	w.must(err)
	w.equal("replayed", w.issues(4), []string{"broken  expression 2/2 1-3 2 open"})
	w.again("1", 5)
	w.equal("retried", w.issues(5), []string{"broken  expression 1/2 1-3 2 open"})
}

func issuePrune(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	w.fails("2", "thank", "mail", event.CauseServer, 2)
	w.fails("3", "thank", "mail", event.CauseServer, 30)
	w.resolve(w.only().ID, 1, 31)
	w.equal("pruned", w.prune(20), 2)
	w.equal("one is left", w.issues(40), []string{"thank mail server 1/3 1-30 3 open reopened 31"})
	w.equal("pruned", w.prune(50), 1)
	w.equal("all gone", w.issues(60), []string(nil))
	w.fails("4", "thank", "mail", event.CauseServer, 70)
	w.equal("begins anew", w.issues(80), []string{"thank mail server 1/1 70-70 4 open"})
}

func issueSpans(w *world) {
	width := int(event.IssueWidth.Minutes())
	spans := int(event.IssueKeep / event.IssueWidth)
	w.fails("1", "thank", "mail", event.CauseServer, 0)
	w.fails("2", "thank", "mail", event.CauseServer, 1)
	w.fails("3", "thank", "mail", event.CauseServer, width)
	counted := func() (out []int64) {
		for _, c := range w.only().Counts {
			out = append(out, c.Count)
		}
		return out
	}
	w.equal("counts", counted(), []int64{2, 1})
	w.equal("start", w.only().Counts[1].Start, at(width).Truncate(event.IssueWidth))
	w.fails("4", "thank", "mail", event.CauseServer, width*(spans+1))
	w.equal("the oldest is forgotten", counted(), []int64{1, 1})
	list, err := w.Issues(w.Context(), event.IssueFilter{Since: at(width * 3)})
	w.must(err)
	w.equal("since", len(list[0].Counts), 1)
}
