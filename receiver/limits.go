package receiver

import (
	"sync/atomic"
	"time"
)

// Limits bound what one request and all requests together may cost. A zero
// field has the default that its comment names.
type Limits struct {
	Body        int64         // bytes in one body; 1 MiB
	Requests    int           // requests handled at the same time; 1,024
	InFlight    int64         // bytes of all bodies held at the same time; 64 MiB
	ReadTimeout time.Duration // to read one body; 10 s
	TakeTimeout time.Duration // to make one event safe; 15 s
}

func (l Limits) withDefaults() Limits {
	if l.Body <= 0 {
		l.Body = 1 << 20
	}
	if l.Requests <= 0 {
		l.Requests = 1024
	}
	if l.InFlight <= 0 {
		l.InFlight = 64 << 20
	}
	if l.ReadTimeout <= 0 {
		l.ReadTimeout = 10 * time.Second
	}
	if l.TakeTimeout <= 0 {
		l.TakeTimeout = 15 * time.Second
	}
	return l
}

// gate counts the requests and bytes that are inside. It never blocks: a
// sender that is told to come back costs less than one that waits.
type gate struct {
	maxRequests, maxBytes int64
	requests, bytes       *atomic.Int64
}

func newGate(l Limits) gate {
	return gate{
		maxRequests: int64(l.Requests), maxBytes: l.InFlight,
		requests: new(atomic.Int64), bytes: new(atomic.Int64),
	}
}

func (g gate) enter() bool { return add(g.requests, 1, g.maxRequests) }

func (g gate) leave() { g.requests.Add(-1) }

func (g gate) reserve(n int64) bool { return add(g.bytes, n, g.maxBytes) }

func (g gate) free(n int64) { g.bytes.Add(-n) }

func add(count *atomic.Int64, n, limit int64) bool {
	if count.Add(n) <= limit {
		return true
	}
	count.Add(-n)
	return false
}
