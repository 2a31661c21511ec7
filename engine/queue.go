package engine

import (
	"sync"
	"time"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/heavy"
	"github.com/gavel-rules/gavel/event"
)

// task is a leased run for a worker.
type task struct {
	run *event.Run
	// ev is the event of the run if it is still in memory, else nil.
	ev *event.Event
	// admitted is set if a gate that parked the task has admitted it.
	admitted *gate.Admission
	// pass is set if the task was parked as a large event and has room now.
	pass *heavy.Pass
}

// queue has the leased runs that wait for a worker. Its capacity limits all
// tasks from being reserved until they are done.
type queue struct {
	mu       sync.Mutex
	nonEmpty *sync.Cond
	ready    []task
	capacity int
	held     int
	isOpen   bool
}

func newQueue(capacity int) *queue {
	q := &queue{capacity: capacity}
	q.nonEmpty = sync.NewCond(&q.mu)
	return q
}

// reserve takes up to n places and returns how many were free.
func (q *queue) reserve(n int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.isOpen {
		return 0
	}
	n = max(0, min(n, q.capacity-q.held))
	q.held += n
	return n
}

// free gives n places back.
func (q *queue) free(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held -= n
}

// put passes a task, whose place is reserved, to the workers. A closed queue
// drops it; Stop releases its lease.
func (q *queue) put(t task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.isOpen {
		q.held--
		return
	}
	q.ready = append(q.ready, t)
	q.nonEmpty.Signal()
}

// take waits for a task; ok is false when the queue is closed.
func (q *queue) take() (t task, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.ready) == 0 && q.isOpen {
		q.nonEmpty.Wait()
	}
	if !q.isOpen {
		return task{}, false
	}
	t = q.ready[0]
	q.ready[0] = task{}
	q.ready = q.ready[1:]
	return t, true
}

// oldest returns when the task that has been due for longest and has no worker yet
// was due; zero if there is none.
func (q *queue) oldest() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	var at time.Time
	for _, t := range q.ready {
		if due := t.run.Due; at.IsZero() || due.Before(at) {
			at = due
		}
	}
	return at
}

func (q *queue) open() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.isOpen = true
}

// close drops waiting tasks and lets the workers end.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.isOpen = false
	q.held -= len(q.ready)
	q.ready = nil
	q.nonEmpty.Broadcast()
}

// load returns how many tasks are held and how many of them wait for a worker.
func (q *queue) load() (held, ready int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held, len(q.ready)
}
