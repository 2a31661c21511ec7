package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	anyPort     = "127.0.0.1:0"
	largestBody = 4 << 20
)

// server is the HTTP side that Slack and CRM share.
type server struct {
	mu   sync.Mutex
	addr string
	http *http.Server
	done chan struct{}
}

// start listens and returns when calls are answered. An empty address means
// any free port of the loopback interface.
func (s *server) start(addr string, h http.Handler) error {
	if addr == "" {
		addr = anyPort
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", addr, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr = ln.Addr().String()
	s.http = &http.Server{Handler: http.MaxBytesHandler(h, largestBody), ReadHeaderTimeout: 10 * time.Second}
	s.done = make(chan struct{})
	go func(srv *http.Server, done chan struct{}) {
		defer close(done)
		// Serve always ends with an error; Stop is the only cause.
		_ = srv.Serve(ln)
	}(s.http, s.done)
	return nil
}

// Addr returns host and port, once started.
func (s *server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// URL returns the address to call, once started.
func (s *server) URL() string { return "http://" + s.Addr() }

// Stop ends the server. Calls in progress may finish until ctx ends. It is
// safe before Start and more than once.
func (s *server) Stop(ctx context.Context) error {
	s.mu.Lock()
	srv, done := s.http, s.done
	s.mu.Unlock()
	if srv == nil {
		return nil
	}
	if err := srv.Shutdown(ctx); err != nil {
		if closeErr := srv.Close(); closeErr != nil {
			return errors.Join(err, closeErr)
		}
	}
	<-done
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
