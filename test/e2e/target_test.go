package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// call is one request that an action has made.
type call struct {
	Method, Path string
	EventID, Key string
	Body, Query  string
	Header       http.Header
}

// reply is an answer of the target.
type reply struct {
	status int // 0: the connection is cut instead
	header map[string]string
	body   string
	hang   bool // until the caller gives up
}

// target is what actions call.
type target struct {
	URL string

	mu      sync.Mutex
	calls   []call
	replies []reply       // of the next calls; 200 without a body after those
	gate    chan struct{} // closed: answers go out; nil: they always do
}

// newTarget starts a target that gives these replies and then answers 200.
func newTarget(t *testing.T, replies ...reply) *target {
	t.Helper()
	g := &target{replies: replies}
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		g.release()
		server.CloseClientConnections()
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
	g.calls = append(g.calls, call{
		Method: r.Method, Path: r.URL.Path, EventID: r.URL.Query().Get("event"),
		Key: r.Header.Get("Idempotency-Key"), Body: string(body), Query: r.URL.RawQuery, Header: r.Header.Clone(),
	})
	answer, gate := reply{status: http.StatusOK}, g.gate
	if len(g.replies) > 0 {
		answer, g.replies = g.replies[0], g.replies[1:]
	}
	g.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
			return
		}
	}
	if answer.hang {
		<-r.Context().Done()
	}
	if answer.status == 0 {
		panic(http.ErrAbortHandler) // how net/http is told to cut a connection
	}
	for name, value := range answer.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.body) // the process may have been killed
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

// all returns the calls so far.
func (g *target) all() []call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]call(nil), g.calls...)
}

// to returns the calls to one path.
func (g *target) to(path string) []call {
	var found []call
	for _, c := range g.all() {
		if c.Path == path {
			found = append(found, c)
		}
	}
	return found
}

// byEvent returns the idempotency keys of the calls, by event.
func (g *target) byEvent() map[string][]string {
	keys := map[string][]string{}
	for _, c := range g.all() {
		keys[c.EventID] = append(keys[c.EventID], c.Key)
	}
	return keys
}

func (g *target) last() call {
	calls := g.all()
	if len(calls) == 0 {
		return call{}
	}
	return calls[len(calls)-1]
}

// oneKey fails the test unless all calls carry one and the same key.
func oneKey(t testing.TB, calls []call) {
	t.Helper()
	for _, c := range calls {
		if c.Key == "" || c.Key != calls[0].Key {
			t.Errorf("idempotency key %q, want that of the first call, %q", c.Key, calls[0].Key)
		}
	}
}
