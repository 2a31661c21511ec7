package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

const jane = "jane@buyer.example"

// office is a database of events.
type office struct {
	*sqlite.Store
	t   *testing.T
	now time.Time
}

func setup(t *testing.T) *office {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlitetest.File(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &office{s, t, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
}

// accept stores an event of an invitee with a run in each state.
func (o *office) accept(id, invitee string, states ...event.Status) {
	o.t.Helper()
	body, err := sample.Body(event.TypeScheduled, id, o.now)
	if err != nil {
		o.t.Fatal(err)
	}
	if body, err = sample.Set(body, "meeting.meetingInfo.primaryInvitee", invitee); err != nil {
		o.t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		o.t.Fatal(err)
	}
	ev.Received = o.now
	a := event.Acceptance{Event: ev, Revision: "r1", Now: o.now}
	for i, s := range states {
		run := event.Run{ID: fmt.Sprint(id, "-", i), EventID: id, EventType: ev.Type, Rule: "rule", Revision: "r1", Status: s, Due: o.now, Created: o.now, Updated: o.now}
		if s.Done() {
			run.Finished = o.now
		}
		a.Runs = append(a.Runs, event.PlannedRun{Run: run})
	}
	if _, err := o.Accept(o.t.Context(), a); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) body(id string) string {
	o.t.Helper()
	r, err := o.Event(o.t.Context(), id)
	if err != nil {
		o.t.Fatal(err)
	}
	return string(r.Event.Body)
}

// statuses are those of the runs of an event, in order.
func (o *office) statuses(id string, n int) string {
	o.t.Helper()
	var out []string
	for i := range n {
		run, err := o.Run(o.t.Context(), fmt.Sprint(id, "-", i))
		if err != nil {
			o.t.Fatal(err)
		}
		out = append(out, string(run.Status))
	}
	return strings.Join(out, " ")
}

// TestErase takes a person out of every event, over all pages, and out of
// nobody else's; a dry run only counts.
func TestErase(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.accept("first", " Jane <JANE@Buyer.Example> ", event.StatusSucceeded, event.StatusWaiting, event.StatusPending)
	for i := range 399 {
		o.accept(fmt.Sprint("other-", i), "mary-"+jane)
	}
	o.accept("last", jane)
	want := api.Erasure{Events: []string{"first", "last"}, Runs: 3, Canceled: 2}
	got, err := desk.Erase(t.Context(), o, " "+strings.ToUpper(jane)+" ", o.now, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a dry run (-want +got)\n%s", diff)
	}
	if s := o.statuses("first", 3); s != "succeeded waiting pending" || !strings.Contains(strings.ToLower(o.body("first")), jane) {
		t.Errorf("after a dry run the runs are %s and the event is %s", s, o.body("first"))
	}
	want.Erased = true
	if got, err = desk.Erase(t.Context(), o, jane, o.now, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if s := o.statuses("first", 3); s != "succeeded canceled canceled" {
		t.Errorf("the runs are %s", s)
	}
	for _, id := range []string{"first", "last"} {
		body := o.body(id)
		var left struct {
			ID   string            `json:"eventId"`
			Type string            `json:"eventType"`
			Data map[string]string `json:"data"`
		}
		if err := json.Unmarshal([]byte(body), &left); err != nil || left.ID != id || left.Type != event.TypeScheduled || len(left.Data) != 1 || left.Data["id"] == "" {
			t.Errorf("of %s is left %s, %v", id, body, err)
		}
	}
	if !strings.Contains(o.body("other-7"), "mary-"+jane) {
		t.Error("another person is erased")
	}
	again, err := desk.Erase(t.Context(), o, jane, o.now, false)
	if err != nil || len(again.Events) != 0 || again.Events == nil {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

func TestEraseNeedsAnAddress(t *testing.T) {
	t.Parallel()
	o := setup(t)
	for _, address := range []string{"", "@", "jane", "jane@", "@buyer.example", "  "} {
		if e, err := desk.Erase(t.Context(), o, address, o.now, false); !errors.Is(err, event.ErrInvalid) || len(e.Events) != 0 {
			t.Errorf("%q: %+v, %v", address, e, err)
		}
	}
	if _, err := desk.Erase(t.Context(), o, "a@b", o.now, false); err != nil {
		t.Errorf("the shortest address: %v", err)
	}
}

// TestEraseWhatIsBusy says that a run was being carried out.
func TestEraseWhatIsBusy(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.accept("e", jane, event.StatusPending)
	if claimed, err := o.Claim(t.Context(), "me", o.now, o.now.Add(time.Minute), 10); err != nil || len(claimed) != 1 {
		t.Fatalf("%d claimed, %v", len(claimed), err)
	}
	e, err := desk.Erase(t.Context(), o, jane, o.now, false)
	if err != nil || e.Busy != 1 || e.Canceled != 1 {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestEraseTheArchive: what has left the database is erased as well, and
// counted once.
func TestEraseTheArchive(t *testing.T) {
	t.Parallel()
	o := setup(t)
	folder := filepath.Join(t.TempDir(), "archive")
	dir, err := archive.Create(folder)
	if err != nil {
		t.Fatal(err)
	}
	o.accept("old", jane, event.StatusFailed)
	o.accept("old-other", "joe@buyer.example")
	if m, err := dir.Move(t.Context(), o, o.now.Add(time.Hour)); err != nil || m.Events != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	o.now = o.now.Add(2 * time.Hour)
	o.accept("new", jane)
	archived := func() (text string) {
		err := dir.Rewrite(context.Background(), true, func(line *event.Line) (bool, error) {
			text += string(line.Body)
			return false, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, dry := range []bool{true, false} {
		want := api.Erasure{Events: []string{"new", "old"}, Runs: 1, Archived: 1, Erased: !dry}
		got, err := desk.EraseAll(t.Context(), o, folder, strings.ToUpper(jane), o.now, dry)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("dry %v (-want +got)\n%s", dry, diff)
		}
		if text := archived(); strings.Contains(text, jane) != dry || !strings.Contains(text, "joe@buyer.example") {
			t.Errorf("dry %v: the archive holds %s", dry, text)
		}
	}
	if _, err := desk.EraseAll(t.Context(), o, filepath.Join(folder, "none"), jane, o.now, false); err == nil || !strings.Contains(err.Error(), "--archive") {
		t.Errorf("a folder that is not there: %v", err)
	}
	if e, err := desk.EraseAll(t.Context(), o, folder, "nobody", o.now, false); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("no address: %+v, %v", e, err)
	}
}
