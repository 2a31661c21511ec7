package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store"
)

// quiet is a time in which nothing may begin that a pause holds: from when all
// processes know of it until somebody asks to end it, or it ends by itself.
type quiet struct {
	key      event.PauseKey
	from, to time.Time
}

// holds reports whether the pause holds a call of a rule.
func (q *quiet) holds(rule string) bool {
	connection := "sink"
	if rule == "mail" {
		connection = "email"
	}
	return q.key == event.PauseAll || q.key == event.PauseRule(rule) || q.key == event.PauseConnection(connection)
}

// pauser pauses and resumes at random.
type pauser struct {
	*cluster
	random *rand.Rand

	pauses, resumes, kills int
	windows                []quiet
}

var pausable = []event.PauseKey{
	event.PauseAll, event.PauseAll, event.PauseConnection("sink"), event.PauseConnection("email"),
	event.PauseRule("every"), event.PauseRule("chain"), event.PauseRule("remind"), event.PauseRule("once"), event.PauseRule("mail"),
}

// run pauses and resumes until ctx ends, and kills in between.
func (p *pauser) run(ctx context.Context, t *testing.T) {
	for pause(ctx, time.Duration(p.random.IntN(400))*time.Millisecond) {
		key := pausable[p.random.IntN(len(pausable))]
		request := api.PauseRequest{Reason: "torture"}
		if p.random.IntN(3) == 0 {
			request.For = fmt.Sprintf("%dms", 200+p.random.IntN(2500))
		}
		i := p.random.IntN(len(p.processes))
		var answer api.Pause
		code := p.ask(t, i, key, "pause", request, &answer)
		if code == http.StatusOK {
			p.pauses++
			p.strike(i) // right after the answer
			window := quiet{key: key, from: p.known(ctx, t, &answer.Pause), to: answer.Until}
			pause(ctx, time.Duration(100+p.random.IntN(1200))*time.Millisecond)
			p.strike(i) // while it is paused
			if now := time.Now(); window.to.IsZero() || window.to.After(now) {
				window.to = now
			}
			if !window.from.IsZero() {
				p.windows = append(p.windows, window)
			}
		}
		if request.For != "" && code == http.StatusOK && p.random.IntN(2) == 0 {
			continue // it ends by itself, now or during the next
		}
		p.resume(ctx, t, key)
	}
}

// strike kills a process now and then.
func (p *pauser) strike(i int) {
	if p.random.IntN(8) == 0 {
		p.kill(i)
		p.kills++
	}
}

// resume asks until it is certain that nothing is paused under the key.
func (p *pauser) resume(ctx context.Context, t *testing.T, key event.PauseKey) {
	for {
		i := p.random.IntN(len(p.processes))
		switch code := p.ask(t, i, key, "resume", api.ResumeRequest{Confirm: true}, nil); code {
		case http.StatusOK:
			p.resumes++
			p.strike(i) // before what was held is freed
			return
		case http.StatusNotFound:
			return
		}
		if !pause(ctx, 20*time.Millisecond) {
			return
		}
	}
}

// resumeAll ends what is paused after the load.
func (p *pauser) resumeAll(t *testing.T) {
	for _, key := range slices.Compact(slices.Clone(pausable)) {
		p.resume(t.Context(), t, key)
	}
}

// known waits until each process has the pause in its metrics, and returns when;
// the zero time if the pause or the test ends before. A process that starts
// meanwhile asks the database before it sends anything.
func (p *pauser) known(ctx context.Context, t *testing.T, of *event.Pause) time.Time {
	kind, name, _ := strings.Cut(string(of.Key), "/")
	line := fmt.Sprintf("gavel_paused{kind=%q,name=%q} 1", kind, name)
	over := func() bool { return ctx.Err() != nil || !of.Until.IsZero() && !of.Until.After(time.Now()) }
	for i := range p.processes {
		testkit.Eventually(t, "every process to know that "+of.String(), func() bool {
			return over() || strings.Contains(p.metrics(i), line)
		})
	}
	if over() {
		return time.Time{}
	}
	return time.Now()
}

func (p *pauser) metrics(i int) string {
	res, err := p.client.Get(p.console(i) + "/metrics")
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return string(body)
}

// ask sends one request to the API of a process; 0 means that no answer came.
func (p *pauser) ask(t *testing.T, i int, key event.PauseKey, verb string, in, out any) int {
	address := "/api/v1"
	if kind, name, found := strings.Cut(string(key), "/"); found {
		address += "/" + kind + "s/" + name
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Error(err)
		return 0
	}
	res, err := p.client.Post(p.console(i)+address+"/"+verb, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return 0
	case res.StatusCode == http.StatusOK && out != nil:
		if err := json.Unmarshal(text, out); err != nil {
			t.Errorf("%s %s was answered %s: %v", verb, key, text, err)
		}
	case res.StatusCode == http.StatusOK, res.StatusCode == http.StatusConflict, res.StatusCode == http.StatusNotFound,
		res.StatusCode == http.StatusServiceUnavailable:
	default:
		t.Errorf("%s %s was answered %d %s", verb, key, res.StatusCode, text)
	}
	return res.StatusCode
}

// verify: nothing began while it was paused, and nothing is held any more.
func (p *pauser) verify(t *testing.T, arrivals []arrival, runs map[string][]*event.Run, store store.Store) {
	t.Helper()
	held, err := store.SetAside(t.Context(), time.Now())
	if err != nil || len(held) > 0 {
		t.Errorf("still held: %v, %v", held, err)
	}
	left, err := store.Pauses(t.Context())
	if err != nil || len(left) > 0 {
		t.Errorf("still paused: %v, %v", left, err)
	}
	for _, a := range arrivals {
		for _, w := range p.windows {
			if w.holds(a.Rule) && a.At.After(w.from.Add(underWay)) && a.At.Before(w.to) {
				t.Errorf("%s %s of %s came %s after %s was paused, %s before it was resumed",
					a.Rule, a.Step, a.Event, a.At.Sub(w.from), w.key.Title(), w.to.Sub(a.At))
			}
		}
	}
	var calls sync.WaitGroup
	work := make(chan *event.Run)
	for range 4 {
		calls.Go(func() {
			for run := range work {
				p.verifyRun(t, run, store)
			}
		})
	}
	for _, list := range runs {
		for _, run := range list {
			work <- run
		}
	}
	close(work)
	calls.Wait()
	t.Logf("%d pauses and %d resumes with %d kills around them, %d quiet times (%s together)",
		p.pauses, p.resumes, p.kills, len(p.windows), p.quietTime())
	if p.pauses == 0 {
		t.Error("nothing was paused")
	}
}

func (p *pauser) quietTime() (sum time.Duration) {
	for _, w := range p.windows {
		sum += w.to.Sub(w.from)
	}
	return sum.Round(time.Millisecond)
}

// verifyRun compares when attempts began, which needs no allowance for a slow
// machine.
func (p *pauser) verifyRun(t *testing.T, run *event.Run, store store.Store) {
	if run.PausedBy != "" {
		t.Errorf("run %s of rule %s is %s and still held by %s", run.ID, run.Rule, run.Status, run.PausedBy)
	}
	attempts, err := store.Attempts(t.Context(), run.ID)
	if err != nil {
		t.Error(err)
		return
	}
	for _, a := range attempts {
		// What a process that was killed did is noted whenever the run is claimed.
		if a.Kind != "http" && a.Kind != "email" || a.Outcome == event.OutcomeUnknown && a.Started.Equal(a.Ended) {
			continue
		}
		for _, w := range p.windows {
			if w.holds(run.Rule) && a.Started.After(w.from) && a.Started.Before(w.to) {
				t.Errorf("rule %s, event %s: try %d (%s) began %s after %s was paused, %s before it was resumed",
					run.Rule, run.EventID, a.Try, a.Outcome, a.Started.Sub(w.from), w.key.Title(), w.to.Sub(a.Started))
			}
		}
	}
}

// verifyOrder: the calls of one rule about one meeting begin in the order of its
// events.
func verifyOrder(t *testing.T, arrivals []arrival) {
	first := map[string]map[string]time.Time{} // meeting → event → arrival
	for _, a := range arrivals {
		if a.Rule != "every" {
			continue
		}
		if first[a.Meeting] == nil {
			first[a.Meeting] = map[string]time.Time{}
		}
		if _, known := first[a.Meeting][a.Event]; !known {
			first[a.Meeting][a.Event] = a.At
		}
	}
	for meeting, events := range first {
		for n := 1; ; n++ {
			before, now := fmt.Sprintf("%s-%d", meeting, n-1), fmt.Sprintf("%s-%d", meeting, n)
			if events[now].IsZero() {
				break
			}
			if events[before].IsZero() || events[now].Before(events[before]) {
				t.Errorf("%s was sent before %s", now, before)
			}
		}
	}
}
