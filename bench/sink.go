package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// sink is where actions go. It counts them by event id.
type sink struct {
	url    string
	server *http.Server
	done   chan struct{}

	mu     sync.Mutex
	first  map[string]time.Time // when the action of an event came first
	copies int                  // came again
	want   int                  // how many wait waits for

	enough chan struct{} // holds a token when want may have been reached
}

func newSink(ctx context.Context) (*sink, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for actions: %w", err)
	}
	s := &sink{
		url: "http://" + l.Addr().String(), done: make(chan struct{}),
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
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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

var errLate = errors.New("not all actions came in time")

// wait waits until the actions of n different events have come.
func (s *sink) wait(ctx context.Context, n int, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errLate)
	defer cancel()
	s.mu.Lock()
	s.want = n
	s.mu.Unlock()
	for {
		if s.count() >= n {
			return nil
		}
		select {
		case <-s.enough:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.first)
}

// arrival returns when the action of an event came first.
func (s *sink) arrival(id string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.first[id]
	return at, ok
}

func (s *sink) duplicates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copies
}

func (s *sink) close() {
	_ = s.server.Close()
	<-s.done
}
