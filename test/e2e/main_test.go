package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// call is one request that an action has made.
type call struct {
	EventID, Key, Body string
}

// target is what actions call.
type target struct {
	URL string

	mu    sync.Mutex
	calls []call
	gate  chan struct{} // closed: answers go out; nil: they always do
}

// newTarget starts a target that answers 200 at once.
func newTarget(t *testing.T) *target {
	t.Helper()
	g := &target{}
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		g.release()
		server.Close()
	})
	g.URL = server.URL
	return g
}

// ServeHTTP writes the call down and answers when the gate is open.
func (g *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the process was killed while it sent
	}
	g.mu.Lock()
	g.calls = append(g.calls, call{r.URL.Query().Get("event"), r.Header.Get("Idempotency-Key"), string(body)})
	gate := g.gate
	g.mu.Unlock()
	if gate == nil {
		return
	}
	select {
	case <-gate:
	case <-r.Context().Done():
	}
}

// hold keeps all answers back until release.
func (g *target) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gate = make(chan struct{})
}

func (g *target) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gate != nil {
		close(g.gate)
		g.gate = nil
	}
}

// byEvent returns the idempotency keys of the calls, by event.
func (g *target) byEvent() map[string][]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	keys := map[string][]string{}
	for _, c := range g.calls {
		keys[c.EventID] = append(keys[c.EventID], c.Key)
	}
	return keys
}

func (g *target) last() call {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.calls) == 0 {
		return call{}
	}
	return g.calls[len(g.calls)-1]
}

// tellTarget is a rule that calls the target for each canceled meeting, with
// word in the body.
func tellTarget(url, word string) string {
	return fmt.Sprintf(`rules:
  - name: tell-the-target
    event: scheduling.smartscheduler.canceled
    when: meeting.meetingOwner.username endsWith "@acme.example"
    actions:
      - http:
          method: POST
          url: %s/hook
          query: { event: "${{ event.eventId }}" }
          json: { word: %s }
`, url, word)
}
