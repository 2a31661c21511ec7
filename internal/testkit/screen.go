package testkit

import (
	"strings"
	"sync"
)

// Screen keeps what a program prints, and can be read while it runs.
type Screen struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns what was printed so far.
func (s *Screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
