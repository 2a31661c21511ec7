package receiver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/receiver"
)

// sink keeps what it is given. With answer set, that decides.
type sink struct {
	mu     sync.Mutex
	seen   map[string]bool
	events []*event.Event
	answer func(ctx context.Context, ev *event.Event) (receiver.Outcome, error)
}

func taker(answer func(context.Context, *event.Event) (receiver.Outcome, error)) *sink {
	return &sink{seen: map[string]bool{}, answer: answer}
}

func (s *sink) Take(ctx context.Context, ev *event.Event) (receiver.Outcome, error) {
	if s.answer != nil {
		return s.answer(ctx, ev)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[ev.ID] {
		return receiver.Duplicate, nil
	}
	s.seen[ev.ID] = true
	s.events = append(s.events, ev)
	return receiver.Accepted, nil
}

func (s *sink) ids() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, ev := range s.events {
		ids = append(ids, ev.ID)
	}
	return strings.Join(ids, " ")
}

func made(t testing.TB, id string) []byte {
	t.Helper()
	body, err := sample.Body(event.TypeScheduled, id, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// status hands one request to a fresh receiver and returns the answer's status.
func status(t *testing.T, o receiver.Options, h http.Header, body string) int {
	t.Helper()
	return answer(t, o, taker(nil), h, body).Code
}

func answer(t *testing.T, o receiver.Options, s receiver.Sink, h http.Header, body string) *httptest.ResponseRecorder {
	t.Helper()
	r, err := receiver.New(o, s)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, receiver.DefaultPath, strings.NewReader(body))
	req.Header = h.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}
