package traffic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Sink is where actions go. It counts them by event id.
type Sink struct {
	URL    string
	server *http.Server
	done   chan struct{}

	mu     sync.Mutex
	first  map[string]time.Time // when the action of an event came first
	copies int                  // came again
	want   int                  // how many wait waits for

	enough chan struct{} // holds a token when want may have been reached
}

// NewSink opens a sink; Close ends it.
func NewSink(ctx context.Context) (*Sink, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for actions: %w", err)
	}
	s := &Sink{
		URL: "http://" + l.Addr().String(), done: make(chan struct{}),
		first: map[string]time.Time{}, enough: make(chan struct{}, 1),
	}
	s.server = &http.Server{Handler: s}
	go func() {
		defer close(s.done)
		// It ends with close, which the sink itself calls.
		_ = s.server.Serve(l)
	}()
	return s, nil
}

// ServeHTTP takes one action: POST /actions?event=ID.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	id := r.URL.Query().Get("event")
	s.mu.Lock()
	if _, ok := s.first[id]; ok {
		s.copies++
	} else {
		s.first[id] = now
	}
	reached := len(s.first) >= s.want
	s.mu.Unlock()
	if reached {
		select {
		case s.enough <- struct{}{}:
		default:
		}
	}
	w.WriteHeader(http.StatusOK)
}

// ErrLate says that not all actions came.
var ErrLate = errors.New("not all actions came in time")

// Wait waits until the actions of n different events have come.
func (s *Sink) Wait(ctx context.Context, n int, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrLate)
	defer cancel()
	s.mu.Lock()
	s.want = n
	s.mu.Unlock()
	for {
		if s.Count() >= n {
			return nil
		}
		select {
		case <-s.enough:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Count returns how many different events have come.
func (s *Sink) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.first)
}

// Arrival returns when the action of an event came first.
func (s *Sink) Arrival(id string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.first[id]
	return at, ok
}

// Duplicates returns how many actions came again.
func (s *Sink) Duplicates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copies
}

// Close ends the sink.
func (s *Sink) Close() {
	_ = s.server.Close()
	<-s.done
}
