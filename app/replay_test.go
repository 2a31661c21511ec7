package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
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

// TestApplyIsRepeatedSafely: however many apply a rule at once, each meeting gets
// one run.
func TestApplyIsRepeatedSafely(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	// All meetings are looked up before the first run is stored, so with many of
	// them several requests see a meeting without a run.
	const meetings = 60
	for i := range meetings {
		r.post(event.TypeScheduled, fmt.Sprintf("e-%d", i), "meeting.id", fmt.Sprintf("m-%d", i), "meeting.meetingStart", "2099-06-01T10:00:00Z")
	}
	const added = `
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { until: meeting.meetingStart - duration("1h") }
      - log: { message: soon }
`
	if err := os.WriteFile(r.rules, []byte(apiRules+added), 0o600); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.app.ConsoleAddr()+"/-/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	reloaded, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(reloaded.Body)
	if err = errors.Join(err, reloaded.Body.Close()); err != nil {
		t.Fatal(err)
	}
	const offer = "rule remind: 60 runs would be added to upcoming meetings booked before it; to apply it to them: gavel rules apply remind --upcoming"
	if !strings.Contains(string(answer), offer) {
		t.Errorf("the reload answered %s, want %q", answer, offer)
	}
	ask := func(body string) (out api.Application) {
		a := r.ask("POST", "/rules/remind/apply", body)
		if err := errors.Join(json.Unmarshal(a.body, &out), r.check(a)); err != nil || a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v %s", body, a.StatusCode, err, a.body)
		}
		return out
	}
	plan := ask(`{}`)
	if plan.Applied || plan.Added != meetings || plan.Events != meetings || len(plan.Runs) != api.AppliedShown || plan.Runs[0].RunID != "" || plan.Runs[0].Then != api.AppliedWaits {
		t.Errorf("only looked for: %+v", plan)
	}
	var (
		mu      sync.Mutex
		sum     api.Application
		presses sync.WaitGroup
	)
	for range 8 {
		presses.Go(func() {
			out := ask(fmt.Sprintf(`{"confirm":true,"revision":%q}`, plan.Revision))
			mu.Lock()
			defer mu.Unlock()
			sum.Plus(&out)
		})
	}
	presses.Wait()
	if sum.Added != meetings || sum.Had != 7*meetings {
		t.Errorf("eight presses of one button added %d runs, %d were there: %+v", sum.Added, sum.Had, sum)
	}
	if out := ask(`{"confirm":true}`); out.Added != 0 || out.Had != meetings {
		t.Errorf("asked again: %+v", out)
	}
}
