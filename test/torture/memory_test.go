package torture

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// verifyMemory: what all runs counted together is how many there were, however
// often they were interrupted.
func verifyMemory(t *testing.T, store store.Store, runs map[string][]*event.Run) {
	done := map[event.MemoryKey]int{} // by the organization
	for name, list := range runs {
		for _, run := range list {
			if !strings.HasPrefix(name, "count ") {
				continue
			}
			if run.Status != event.StatusSucceeded {
				t.Errorf("%s is %s: %s", name, run.Status, run.Reason)
			}
			done[event.PlaceMemory(run.Organization, "all", "all")]++
		}
	}
	for key, n := range done {
		list, err := store.Memories(t.Context(), []event.MemoryKey{key})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, r := range list {
			got[r.Name] = string(r.Value)
		}
		if got["runs"] != strconv.Itoa(n) || got["twice"] != strconv.Itoa(2*n) {
			t.Errorf("%d runs have counted %s and twice %s", n, got["runs"], got["twice"])
		}
		t.Logf("%d runs have counted %s and twice %s", n, got["runs"], got["twice"])
	}
}
