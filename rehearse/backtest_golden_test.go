package rehearse_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse"
)

var update = flag.Bool("update", false, "write what comes out as the golden files")

// longHistory has bookings, moves, cancellations, late events, repeats and
// events without a meeting, close to each other and far apart.
func longHistory(t testing.TB) *history {
	h := &history{sent: map[string]string{}}
	now := begun
	for i := range 120 {
		now = now.Add(time.Duration(1+i%7*i%11) * 7 * time.Minute)
		kind := []string{event.TypeScheduled, event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled, event.TypeScheduled, event.TypeProfileChanged}[i%6]
		id := fmt.Sprint("e-", i)
		if i%29 == 28 {
			id = fmt.Sprint("e-", i-1) // a repeat
		}
		change := about(fmt.Sprint("m-", i%5+i/10), now, time.Duration(i%13)*2*time.Hour)
		if i%17 == 5 {
			change["meeting.meetingInfo.location"] = "cellar"
		}
		if i%19 == 7 {
			change["eventTimestamp"] = now.Add(-50 * time.Hour).Format(time.RFC3339)
		}
		if kind == event.TypeProfileChanged {
			change = nil
		}
		var ran []string
		if i%4 == 0 {
			ran = []string{"chain", "old"}
			h.sent[id+"/chain"] = `{"text":"something"}`
		}
		h.add(made(t, kind, id, now, change), ran...)
	}
	return h
}

// otherRules differ from everything in conditions, windows, waits and texts.
const otherRules = `
rules:
  - { name: chain, event: scheduling.smartscheduler.scheduled, actions: [ { id: busy, say: { text: occupied } } ] }
  - name: remind
    event: scheduling.smartscheduler.scheduled
    when: meeting.id != "m-3"
    actions: [ wait: { until: meeting.meetingStart - duration("2h"), if_past: skip }, { say: { text: remind } } ]
  - name: thank
    event: [scheduling.smartscheduler.scheduled, scheduling.smartscheduler.rescheduled]
    each_event: true
    actions: [ wait: { until: meeting.meetingEnd + duration("1h") }, { say: { text: "thanks" } } ]
  - { name: spike, event: scheduling.smartscheduler.canceled, threshold: { count: 2, within: 3h }, actions: [ say: { text: "${{ window.count }} canceled" } ] }
  - { name: daily, event: "*", digest: { every: 12h }, actions: [ say: { text: "${{ window.count }} events" } ] }
  - { name: mine, event: "*", when: 'event.eventId endsWith "7" or data.id contains "m-1"', actions: [ say: { text: "${{ event.eventId }}" } ] }
`

// TestBacktestSaysTheSame compares whole reports with those of before: what is
// made faster must not count differently.
func TestBacktestSaysTheSame(t *testing.T) {
	t.Parallel()
	h := longHistory(t)
	for name, o := range map[string]rehearse.BacktestOptions{
		"really-ran": {Set: load(t, everything), Samples: 4},
		"against":    {Set: load(t, otherRules), Against: load(t, everything), Samples: 4},
		"back":       {Set: load(t, everything), Against: load(t, otherRules), Samples: 2, Since: at(20)},
		"counted":    {Set: load(t, backtested), Against: load(t, otherRules)},
	} {
		o.Source = h
		report, err := rehearse.RunBacktest(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "backtest-"+name+".json")
		if *update {
			if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
