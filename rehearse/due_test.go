package rehearse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rehearse"
)

// TestBacktestOfSchedules: a schedule runs over the time of the back-test, with
// what was stored then, and is compared with what it really did.
func TestBacktestOfSchedules(t *testing.T) {
	t.Parallel()
	due := func(moment time.Time) *event.Event {
		body, err := own.Telling{
			ID: "gavel.schedule.due:daily:" + moment.Format(time.RFC3339), Type: own.TypeScheduleDue, At: moment,
			Facts: own.Facts{Rule: "daily", Due: moment, Since: moment.Add(-24 * time.Hour)},
		}.Body()
		if err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		ev.Arrive(moment.Add(5 * time.Second))
		return ev
	}
	h := &history{sent: map[string]string{}}
	h.add(made(t, event.TypeScheduled, "s-1", at(0), about("m-1", at(0), 10*time.Hour)))
	h.add(made(t, event.TypeScheduled, "s-2", at(1), about("m-2", at(1), 10*time.Hour)))
	told := due(at(23))
	h.sent[told.ID+"/daily"] = `{"text":"2"}`
	h.add(told, "daily")
	h.add(made(t, event.TypeScheduled, "s-3", at(25), about("m-3", at(25), 10*time.Hour)))
	h.add(made(t, event.TypeScheduled, "s-4", at(72), about("m-4", at(72), 10*time.Hour)))
	run := func(hour string) *rehearse.RuleTally {
		set := load(t, `
rules:
  - name: daily
    schedule: { at: "`+hour+`" }
    collect: { event: scheduling.* }
    actions: [ say: { text: "${{ window.count }}" } ]
`)
		got, err := rehearse.RunBacktest(t.Context(), rehearse.BacktestOptions{Set: set, Source: h, Samples: 5})
		if err != nil {
			t.Fatal(err)
		}
		return got.Rules[0]
	}
	texts := func(r *rehearse.RuleTally) (out []string) {
		for _, s := range r.Samples {
			out = append(out, s.At.Format("02 15:04 ")+string(s.Request))
		}
		return out
	}
	same := run("08:00")
	if diff := cmp.Diff([]string{`03 08:00 {"text":"2"}`, `04 08:00 {"text":"1"}`, `05 08:00 {"text":"0"}`}, texts(same)); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	if same.Matched != 3 || same.Then != 1 || same.New != 2 || same.Gone != 0 || same.Changed != 0 {
		t.Errorf("tally %+v", same)
	}
	if moved := run("07:00"); moved.Matched != 3 || moved.Then != 1 || moved.New != 3 || moved.Gone != 1 {
		t.Errorf("tally of another hour %+v", moved)
	}
}
