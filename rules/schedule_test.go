package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/collect"
)

// TestCollectIsBounded: beyond what is kept, counts are exact, and what is left
// out is said.
func TestCollectIsBounded(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - name: report
    schedule: { at: "09:00" }
    collect:
      event: scheduling.*
      when: meeting.meetingStart > event.eventTimestamp
      by: { owner: meeting.meetingOwner.username, all: "1" }
      row: { owner: meeting.meetingOwner.username, start: meeting.meetingStart }
    actions: [{ note: { text: "${{ window.count }} ${{ len(csv(window.rows)) }}" } }]
`)
	until := clock.Add(time.Hour)
	c := set.Collect(set.Rule("report"), &event.Event{Own: &own.Facts{Since: clock, Due: until}})
	sample := sampleEvent(t)
	add := func(received time.Time, change func(m *event.Meeting)) {
		t.Helper()
		ev, m := sample.WithBody(sample.Body), *sample.Meeting
		change(&m)
		ev.Meeting, ev.Received = &m, received
		if err := c.Add(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
	}
	const n = 25_000
	for i := range n {
		add(clock, func(m *event.Meeting) { m.Owner.Username = fmt.Sprint("owner-", min(i, 12_000)) })
	}
	add(clock.Add(-1), func(*event.Meeting) { t.Log("too early") })
	add(until, func(*event.Meeting) { t.Log("too late") })
	add(clock, func(m *event.Meeting) { m.Start = time.Time{} }) // the condition cannot be evaluated
	w := c.Window()
	by, _ := w["by"].(map[string]any)
	owners, _ := by["owner"].([]event.KeyCount)
	total := 0
	for _, o := range owners {
		total += o.Count
	}
	if w["count"] != n || total != n || w["failed"] != 1 || w["rows_left_out"] != n-collect.MaxRows {
		t.Errorf("count %v, by owner %d, failed %v, left out %v", w["count"], total, w["failed"], w["rows_left_out"])
	}
	if last := owners[len(owners)-1]; last.Key != collect.Others || last.Count < n-collect.MaxKeys || len(owners) > collect.MaxKeys+1 {
		t.Errorf("%d owners, the last is %+v", len(owners), last)
	}
	if all, _ := by["all"].([]event.KeyCount); len(all) != 1 || all[0].Key != "1" || all[0].Count != n {
		t.Errorf("all: %+v", all)
	}
	if events, _ := w["events"].([]event.Gathered); len(events) != event.GatherAtMost {
		t.Errorf("%d events", len(events))
	}
	notes := strings.Join(c.Notes(), "\n")
	for _, want := range []string{"could not be evaluated for 1 event: ", "5000 rows left out", "of by.owner counted as (others)"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
}

// TestRowsAreBoundedInBytes: long cells leave room for fewer rows.
func TestRowsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - name: report
    schedule: { cron: "0 9 * * *" }
    collect: { event: "*", row: { name: meeting.meetingInfo.meetingName } }
    actions: [{ note: { text: "${{ csv(window.rows) }}" } }]
`)
	c := set.Collect(set.Rule("report"), &event.Event{Own: &own.Facts{Since: clock, Due: clock.Add(time.Hour)}})
	ev := sampleEvent(t)
	ev.Received, ev.Meeting.Info.MeetingName = clock, strings.Repeat("x", 1<<20)
	for range 10 {
		if err := c.Add(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
	}
	if w := c.Window(); w["count"] != 10 || w["rows_left_out"] != 7 {
		t.Errorf("count %v, left out %v", w["count"], w["rows_left_out"])
	}
}
