package torture

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// verifySchedule: each minute was told once or counted as missed, and each that
// was told has one run, which reached the sink. A short load may see none.
func verifySchedule(t *testing.T, store store.Store, runs map[string][]*event.Run, reached map[string]bool) {
	due, missed := []time.Time{}, map[time.Time]int{}
	for name, list := range runs {
		id, minutely := strings.CutPrefix(name, "minutely ")
		if !minutely {
			continue
		}
		if len(list) != 1 || list[0].Status != event.StatusSucceeded || !reached["minutely 1 "+id] {
			t.Errorf("%s has %d runs, the first is %s (%s), or did not reach the sink", id, len(list), list[0].Status, list[0].Reason)
		}
		rec, err := store.Event(t.Context(), event.RefOf(event.Key(list[0].Organization, id)))
		if err != nil {
			t.Fatal(err)
		}
		at := rec.Event.Own.Due
		due, missed[at] = append(due, at), rec.Event.Own.Count
	}
	slices.SortFunc(due, time.Time.Compare)
	for i := 1; i < len(due); i++ {
		if minutes := int(due[i].Sub(due[i-1]) / time.Minute); minutes != 1+missed[due[i]] {
			t.Errorf("%d minutes are between %s and %s, which says that it missed %d", minutes, due[i-1], due[i], missed[due[i]])
		}
	}
	t.Logf("%d minutes were told by schedule", len(due))
}
