// Package repeats keeps a log readable while something stays broken: a warning that
// says the same again and again is written now and then, with how often it came.
package repeats

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"
)

const (
	// every is how often the same warning is written.
	every = 10 * time.Second
	// most is how many different warnings are remembered.
	most = 256
)

// Handler returns a handler that passes records to next, of warnings with the same
// message and attributes one in 10 seconds. The next one has "repeated": how many
// were left out. Other levels pass.
func Handler(next slog.Handler) slog.Handler {
	return handler{Handler: next, said: &said{lines: map[string]line{}}}
}

type handler struct {
	slog.Handler
	said *said
	own  string // attributes of the logger
}

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level != slog.LevelWarn {
		return h.Handler.Handle(ctx, r)
	}
	left, again := h.said.again(h.key(r), r.Time)
	if again {
		return nil
	}
	if left > 0 {
		r.AddAttrs(slog.Int("repeated", left))
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) key(r slog.Record) string {
	var b strings.Builder
	b.WriteString(h.own + "\n" + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString("\n" + a.String())
		return true
	})
	return b.String()
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		h.own += "\n" + a.String()
	}
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	h.own += "\n" + name
	h.Handler = h.Handler.WithGroup(name)
	return h
}

// said remembers warnings.
type said struct {
	mu    sync.Mutex
	lines map[string]line
}

type line struct {
	at   time.Time // when it was written
	left int       // how many were left out since
}

// again reports whether a warning was written a moment ago; if not, how many were
// left out since the last one.
func (s *said) again(key string, now time.Time) (left int, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, known := s.lines[key]
	if since := now.Sub(l.at); known && since >= 0 && since < every {
		l.left++
		s.lines[key] = l
		return 0, true
	}
	if len(s.lines) >= most {
		maps.DeleteFunc(s.lines, func(_ string, old line) bool { return now.Sub(old.at) >= every })
	}
	if len(s.lines) >= most {
		return l.left, false // many different ones at once: all are written
	}
	s.lines[key] = line{at: now}
	return l.left, false
}
