package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// TestReplayIsRepeatedSafely: a request with the key of another starts nothing
// more, however many come at once; one without starts new runs each time.
func TestReplayIsRepeatedSafely(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	r.post(event.TypeScheduled, "e-1")
	r.settled()
	ask := func(body string) (out api.Replay) {
		a := r.ask("POST", "/events/e-1/replay", body)
		if err := json.Unmarshal(a.body, &out); err != nil || a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v %s", body, a.StatusCode, err, a.body)
		}
		return out
	}
	plan := ask(`{"rule":"later"}`)
	if plan.Replayed || plan.Created != 0 || len(plan.Runs) != 1 || plan.Runs[0].RunID != "" {
		t.Errorf("only looked for: %+v", plan)
	}
	confirmed := fmt.Sprintf(`{"rule":"later","confirm":true,"key":%q,"revision":%q}`, plan.Key, plan.Revision)
	var (
		mu      sync.Mutex
		created int
		ids     = map[string]bool{}
		presses sync.WaitGroup
	)
	for range 8 {
		presses.Go(func() {
			out := ask(confirmed)
			mu.Lock()
			defer mu.Unlock()
			created += out.Created
			for _, run := range out.Runs {
				ids[run.RunID] = true
			}
		})
	}
	presses.Wait()
	if created != 1 || len(ids) != 1 {
		t.Errorf("eight presses of one button started %d runs: %v", created, ids)
	}
	if out := ask(`{"rule":"later","confirm":true}`); out.Created != 1 || ids[out.Runs[0].RunID] {
		t.Errorf("asked again, it is a new replay: %+v", out)
	}
}

func TestReplayKeysEnd(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	r.post(event.TypeScheduled, "e-1")
	r.settled()
	for age, want := range map[time.Duration]int{30 * time.Minute: 200, 2 * time.Hour: 400, -time.Hour: 400} {
		stamp := fmt.Sprintf("%012x", time.Now().Add(-age).UnixMilli())
		key := stamp[:8] + "-" + stamp[8:] + "-7000-8000-000000000000"
		a := r.ask("POST", "/events/e-1/replay", `{"key":"`+key+`"}`)
		if a.StatusCode != want || want == 400 && !strings.Contains(string(a.body), "use a new key") {
			t.Errorf("a key that is %s old: %d %s, want %d", age, a.StatusCode, a.body, want)
		}
	}
}
