package rehearse_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
)

// witness writes down all that happens on a stage.
type witness struct{ lines []string }

func (w *witness) note(run *event.Run, format string, args ...any) {
	results, _ := json.Marshal(run.Results)
	w.lines = append(w.lines, fmt.Sprintf("%s of %s for %s, meeting %s: %s at %d, try %d, due %s: %s; %s; ", run.ID, run.Rule, run.EventID, run.MeetingID,
		run.Status, run.Next, run.Tries, event.TimeText(run.Due), run.Reason, results)+fmt.Sprintf(format, args...))
}

func (w *witness) EventTaken(ev *event.Event, receipt event.Receipt, matched int) {
	w.lines = append(w.lines, fmt.Sprintf("%s: %d matched, %d created, late %v, again %v", ev.ID, matched, receipt.Created, receipt.Late, receipt.Duplicate))
}

func (w *witness) Claimed(int, time.Duration) {}

func (w *witness) RunChanged(run *event.Run) { w.note(run, "changed") }

func (w *witness) AttemptEnded(run *event.Run, a *event.Attempt) {
	w.note(run, "%d %s %s %s %s %s", a.Try, a.ActionID, a.Outcome, a.Reason, a.Request, a.Rehearsed)
}

func (w *witness) changed(run *event.Run, a event.Attempt) { w.note(run, "%s %s", a.Outcome, a.Reason) }

// someHistory has events of few meetings: late ones, moves and cancellations,
// close together and far apart.
func someHistory(t testing.TB, random *rand.Rand) []*event.Event {
	t.Helper()
	kinds := []string{event.TypeScheduled, event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled, event.TypeProfileChanged}
	now := begun
	var out []*event.Event
	for i := range 150 {
		now = now.Add(time.Duration(random.IntN(1+random.IntN(600))) * time.Minute)
		kind := kinds[random.IntN(len(kinds))]
		change := about(fmt.Sprint("m-", random.IntN(8)), now, time.Duration(random.IntN(40)-2)*time.Hour)
		if random.IntN(8) == 0 {
			change["meeting.meetingInfo.location"] = "cellar"
		}
		if kind == event.TypeProfileChanged {
			change = nil
		} else if random.IntN(6) == 0 {
			change["eventTimestamp"] = now.Add(-time.Duration(random.IntN(30)) * time.Hour).Format(time.RFC3339)
		}
		out = append(out, made(t, kind, fmt.Sprint("e-", i), now, change))
	}
	return out
}

// TestForgettingChangesNothing plays random histories on stages that keep
// everything and on stages that forget, and use memory again: the same happens.
func TestForgettingChangesNothing(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{"everything": everything, "other": otherRules, "windows": windowed} {
		set := load(t, source)
		for seed := range uint64(4) {
			events := someHistory(t, rand.New(rand.NewPCG(seed, 7)))
			for _, shadow := range []bool{true, false} {
				kept, forgotten := watch(t, set, events, shadow, false), watch(t, set, events, shadow, true)
				if diff := cmp.Diff(kept, forgotten); diff != "" {
					t.Fatalf("%s, seed %d, shadow %v (-keeping +forgetting):\n%s", name, seed, shadow, diff)
				}
				if len(kept) < len(events) {
					t.Errorf("%s, seed %d: only %d things happened", name, seed, len(kept))
				}
			}
		}
	}
}

func watch(t *testing.T, set *rules.Set, events []*event.Event, shadow, forget bool) []string {
	t.Helper()
	w := &witness{}
	rehearsal := engine.Rehearsal{Shadow: shadow}
	if !shadow {
		// Without retries, whose pauses are random.
		rehearsal.Send = func(_ *event.Run, s *rules.Step, _ int) (any, *event.Failure) { return reply(s.ID, 3) }
	}
	stage := rehearse.NewStage(rehearse.StageOptions{Set: set, Now: begun, Rehearsal: rehearsal, Observer: w, Changed: w.changed, Forget: forget})
	for _, ev := range events {
		if _, err := stage.Take(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := stage.Advance(t.Context(), begun.AddDate(2, 0, 0)); err != nil {
		t.Fatal(err)
	}
	return w.lines
}
