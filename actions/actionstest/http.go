package actionstest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/params"
)

// HTTPSubject is an action that calls a peer over HTTP.
type HTTPSubject struct {
	Kinds params.Kinds
	// Rules returns a rules file whose first action calls the peer at url.
	Rules func(url string) string
	Env   map[string]string
	// Secrets must not appear in errors or previews.
	Secrets []string
	// Accept answers a call with success.
	Accept http.HandlerFunc
	// Joins is set if the action sends the trace context to the peer.
	Joins bool
}

// HTTPContract checks what every action that makes HTTP calls must guarantee.
func HTTPContract(t *testing.T, s HTTPSubject) {
	t.Helper()
	t.Run("status", s.statuses)
	t.Run("retry after", s.retryAfter)
	t.Run("timeout", s.timeout)
	t.Run("cancel", s.cancel)
	t.Run("connection lost", s.connectionLost)
	t.Run("kept-alive connection cut", s.keptAliveCut)
	t.Run("nobody listens", s.nobodyListens)
	t.Run("huge reply", s.hugeReply)
	t.Run("redirect to an internal address", s.redirect)
	t.Run("secrets", s.secrets)
	t.Run("same key", s.sameKey)
	t.Run("preview", s.preview)
	t.Run("trace", s.trace)
}

// rig loads the action against a peer that answers with h.
func (s HTTPSubject) rig(t *testing.T, h http.HandlerFunc) *Rig {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return Load(t, s.Kinds, s.Rules(srv.URL), s.Env)
}

func (s HTTPSubject) statuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]event.Failure{
		400: {Cause: event.CauseClient},
		401: {Cause: event.CauseAuth},
		403: {Cause: event.CauseAuth},
		404: {Cause: event.CauseClient},
		408: {Cause: event.CauseTimeout, Retry: true},
		410: {Cause: event.CauseClient},
		422: {Cause: event.CauseClient},
		425: {Cause: event.CauseServer, Retry: true},
		429: {Cause: event.CauseRateLimited, Retry: true},
		500: {Cause: event.CauseServer, Retry: true},
		502: {Cause: event.CauseServer, Retry: true},
		503: {Cause: event.CauseServer, Retry: true},
		504: {Cause: event.CauseServer, Retry: true},
	} {
		_, err := s.rig(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }).Do(t.Context())
		f := Failure(t, err)
		if f.Cause != want.Cause || f.Retry != want.Retry || f.Arrival != event.Answered {
			t.Errorf("status %d: cause %s, retry %v, arrival %q; want %s, %v, answered", status, f.Cause, f.Retry, f.Arrival, want.Cause, want.Retry)
		}
		if !strings.Contains(f.Error(), fmt.Sprint(status)) {
			t.Errorf("status %d is not in the text: %q", status, f.Error())
		}
	}
	if _, err := s.rig(t, s.Accept).Do(t.Context()); err != nil {
		t.Errorf("success: %v", err)
	}
}

func (s HTTPSubject) retryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "soon": 0, "Fri, 01 Jan 2099 00:00:00 GMT": time.Hour} {
		_, err := s.rig(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		}).Do(t.Context())
		f := Failure(t, err)
		if f.RetryAfter != want || f.Cause != event.CauseRateLimited || !f.Retry {
			t.Errorf("Retry-After %q: %v, cause %s, retry %v; want %v", header, f.RetryAfter, f.Cause, f.Retry, want)
		}
	}
}

// secrets calls a peer that echoes the whole request.
func (s HTTPSubject) secrets(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 401, 429, 500} {
		rig := s.rig(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(status)
			for _, values := range r.Header {
				fmt.Fprintln(w, strings.Join(values, " "))
			}
			fmt.Fprintf(w, "%s %s", r.URL, body)
		})
		_, err := rig.Do(t.Context())
		for _, secret := range s.Secrets {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("status %d: the error contains a secret: %v", status, err)
			}
			if p := rig.Preview(); strings.Contains(p, secret) {
				t.Errorf("the preview contains a secret: %s", p)
			}
		}
	}
}

func (s HTTPSubject) sameKey(t *testing.T) {
	t.Parallel()
	var (
		mu   sync.Mutex
		keys []string
	)
	rig := s.rig(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		n := len(keys)
		mu.Unlock()
		if n < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.Accept(w, r)
	})
	effect := rig.Effect()
	for try := 1; try <= 3; try++ {
		d := Delivery()
		d.Try = try
		if _, err := effect.Do(t.Context(), d); (err == nil) != (try == 3) {
			t.Fatalf("try %d: %v", try, err)
		}
	}
	for i, got := range keys {
		if got != Delivery().Key {
			t.Errorf("try %d carried %q, want %q", i+1, got, Delivery().Key)
		}
	}
}

// trace makes a call with and without a trace.
func (s HTTPSubject) trace(t *testing.T) {
	t.Parallel()
	var carried atomic.Value
	rig := s.rig(t, func(w http.ResponseWriter, r *http.Request) {
		carried.Store(r.Header.Get("Traceparent"))
		s.Accept(w, r)
	})
	check := func(ctx context.Context, want string) {
		t.Helper()
		if _, err := rig.Do(ctx); err != nil {
			t.Fatal(err)
		}
		if got := carried.Load(); got != want {
			t.Errorf("traceparent %q, want %q", got, want)
		}
	}
	check(t.Context(), "")
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	want := ""
	if s.Joins {
		want = parent
	}
	check(propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": parent}), want)
}

func (s HTTPSubject) preview(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	rig := s.rig(t, func(w http.ResponseWriter, r *http.Request) { calls.Add(1); s.Accept(w, r) })
	PreviewContract(t, rig, s.Secrets)
	if n := calls.Load(); n > 0 {
		t.Errorf("preparing called the peer %d times", n)
	}
}

// PreviewContract checks that the preview of an action is a non-empty JSON
// object, the same every time, without secrets.
func PreviewContract(t *testing.T, rig *Rig, secrets []string) {
	t.Helper()
	first := rig.Preview()
	for range 3 {
		if again := rig.Preview(); again != first {
			t.Errorf("the preview changes:\n%s\n%s", first, again)
		}
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(first), &object); err != nil || len(object) == 0 {
		t.Errorf("the preview is not an object with content: %s", first)
	}
	for _, secret := range secrets {
		if strings.Contains(first, secret) {
			t.Errorf("the preview contains a secret: %s", first)
		}
	}
}
