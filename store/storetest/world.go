package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/store"
)

// world is an empty store with words to fill it and to look at it.
type world struct {
	*testing.T
	store.Store
	db Database
}

// Run is both the store's and testing's; here it is the store's.
func (w *world) Run(ctx context.Context, id string) (*event.Run, error) { return w.Store.Run(ctx, id) }

// at is a moment, in minutes after the beginning of all tests.
func at(minutes int) time.Time {
	return time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// occurrence makes an event that happened, and was received, at a moment. One
// about the organization has no meeting, whatever its id.
func (w *world) occurrence(id, kind, meeting string, minute int) *event.Event {
	w.Helper()
	data := map[string]any{"id": meeting}
	if !strings.HasPrefix(kind, "organization.") {
		data["meetingStart"] = at(minute + 600)
	}
	body, err := json.Marshal(map[string]any{
		"eventId": id, "eventType": kind, "eventTimestamp": at(minute), "organizationGuid": "acme",
		"data": data,
	})
	if err != nil {
		w.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		w.Fatal(err)
	}
	ev.Received = at(minute)
	return ev
}

// from makes an event of another organisation.
func (w *world) from(organization, id, kind, meeting string, minute int) *event.Event {
	w.Helper()
	ev := w.occurrence(id, kind, meeting, minute)
	body := strings.Replace(string(ev.Body), `"organizationGuid":"acme"`, `"organizationGuid":"`+organization+`"`, 1)
	ev, err := decode.Event([]byte(body))
	w.must(err)
	ev.Received = at(minute)
	return ev
}

func (w *world) scheduled(id, meeting string, minute int) *event.Event {
	w.Helper()
	return w.occurrence(id, event.TypeScheduled, meeting, minute)
}

// plan is a run to start, in a lane of the event's meeting for each
// destination.
func plan(ev *event.Event, id string, destinations ...string) event.PlannedRun {
	p := event.PlannedRun{Run: event.Run{
		ID: id, Rule: "rule of " + id, Revision: "r1", Status: event.StatusPending, Due: ev.Received, Created: ev.Received,
	}}
	for _, d := range destinations {
		p.Lanes = append(p.Lanes, event.Lane(ev.MeetingKey(), d))
	}
	return p
}

// asleep turns a planned run into one that waits until a moment and follows
// its meeting.
func asleep(p event.PlannedRun, minute int) event.PlannedRun {
	p.Status, p.Due, p.Follow, p.Lanes = event.StatusWaiting, at(minute), true, nil
	return p
}

func (w *world) accept(ev *event.Event, runs ...event.PlannedRun) event.Receipt {
	w.Helper()
	return w.acceptance(event.Acceptance{Event: ev, Revision: "r1", Runs: runs, Now: ev.Received})
}

// acceptMine accepts an event and takes the runs at once.
func (w *world) acceptMine(owner string, ev *event.Event, runs ...event.PlannedRun) event.Receipt {
	w.Helper()
	return w.acceptance(event.Acceptance{
		Event: ev, Revision: "r1", Runs: runs, Now: ev.Received, Owner: owner, LeaseUntil: ev.Received.Add(time.Minute),
	})
}

func (w *world) acceptance(a event.Acceptance) event.Receipt {
	w.Helper()
	receipt, err := w.Accept(w.Context(), a)
	if err != nil {
		w.Fatalf("accept %s: %v", a.Event.ID, err)
	}
	return receipt
}

// claim leases runs for a minute and returns their ids in the order given.
func (w *world) claim(owner string, minute int) string {
	w.Helper()
	return ids(w.claimRuns(owner, minute))
}

func (w *world) claimRuns(owner string, minute int) []*event.Run {
	w.Helper()
	runs, err := w.Claim(w.Context(), owner, at(minute), at(minute+1), 100)
	if err != nil {
		w.Fatalf("claim: %v", err)
	}
	return runs
}

func ids(runs []*event.Run) string {
	list := make([]string, len(runs))
	for i, r := range runs {
		list[i] = r.ID
	}
	return strings.Join(list, " ")
}

// finish records a claimed run in a state, as its owner.
func (w *world) finish(owner, id string, status event.Status, minute int) {
	w.Helper()
	if err := w.try(owner, id, status, minute); err != nil {
		w.Fatal(err)
	}
}

func (w *world) try(owner, id string, status event.Status, minute int) error {
	w.Helper()
	r := w.run(id)
	r.Status, r.Updated, r.Due = status, at(minute), at(minute)
	if status.Done() {
		r.Finished = at(minute)
	}
	return w.Record(w.Context(), event.Progress{
		Run: r, Owner: owner, LeaseUntil: at(minute + 1),
		Attempts: []event.Attempt{{RunID: id, ActionID: "slack#1", Kind: "slack", Try: 1, Started: at(minute), Ended: at(minute), Outcome: event.OutcomeSucceeded}},
	})
}

func (w *world) run(id string) *event.Run {
	w.Helper()
	r, err := w.Run(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// state is a run in short: status, due minute, reason.
func (w *world) state(id string) string {
	w.Helper()
	r := w.run(id)
	return strings.TrimSpace(fmt.Sprintf("%s %d %s", r.Status, int(r.Due.Sub(at(0)).Minutes()), r.Reason))
}

// history is what was noted about a run, in short.
func (w *world) history(id string) []string {
	w.Helper()
	attempts, err := w.Attempts(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	var list []string
	for _, a := range attempts {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s", a.Outcome, a.Reason)))
	}
	return list
}

func (w *world) nextDue() time.Time {
	w.Helper()
	due, err := w.NextDue(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return due
}

func (w *world) equal(what string, got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
