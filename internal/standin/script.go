package standin

import (
	"net/http"
	"sync"
)

// failure is one prepared response.
type failure struct {
	status int
	header http.Header
	text   string
}

// script is a queue of prepared failures.
type script struct {
	mu   sync.Mutex
	next []failure
}

func (s *script) push(n int, f failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.next = append(s.next, f)
	}
}

func (s *script) pop() (failure, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) == 0 {
		return failure{}, false
	}
	f := s.next[0]
	s.next = s.next[1:]
	return f, true
}

// write answers a request with the failure.
func (f failure) write(w http.ResponseWriter, contentType string) {
	for name, values := range f.header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(f.status)
	// It does not matter if the client has gone.
	_, _ = w.Write([]byte(f.text))
}
