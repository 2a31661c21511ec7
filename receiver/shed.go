package receiver

import (
	"container/list"
	"net/http"
	"sync"
	"time"
)

// patientFor is how many requests may wait for the store however long the oldest
// of them has waited: with their answers it is noticed that the store is back.
const patientFor = 16

// backlog is the requests that wait for the store, the oldest first. When that
// one has waited for too long, the next would too: they are refused at once
// instead, so that the number of those who wait stays small.
type backlog struct {
	after time.Duration

	mu      sync.Mutex
	waiting list.List // of time.Time
}

// full reports whether another request should not wait.
func (b *backlog) full(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting.Len() < patientFor {
		return false
	}
	since, _ := b.waiting.Front().Value.(time.Time)
	return now.Sub(since) >= b.after
}

// enter adds a request until leave is called.
func (b *backlog) enter(now time.Time) (leave func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	place := b.waiting.PushBack(now)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.waiting.Remove(place)
	}
}

// overloaded is the answer to a request that should not wait.
func overloaded() *rejection {
	return &rejection{
		status: http.StatusServiceUnavailable, reason: ReasonUnavailable,
		text: "events cannot be stored fast enough now; send it again later",
	}
}
