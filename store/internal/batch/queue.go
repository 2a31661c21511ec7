// Package batch lets many callers share one transaction: what they queue while
// a worker is busy is its next batch. A batch does not wait for new callers;
// only if many callers were answered a moment ago, it waits briefly for their
// return.
package batch

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// ErrClosed is the error after Close.
var ErrClosed = fmt.Errorf("%w: the store is closed", event.ErrUnavailable)

// queueFactor is how many full batches may be queued before callers wait.
const queueFactor = 4

// Item is one caller's work.
type Item[T any] struct {
	Work  T
	state atomic.Int32
	done  chan error
}

const (
	queued  int32 = iota
	taken         // will be answered
	dropped       // the caller has left; not carried out
)

// Answer returns the result to the caller. Every item given to a worker is
// answered exactly once.
func (i *Item[T]) Answer(err error) { i.done <- err }

// Queue passes the work of many callers to a few workers, in batches.
type Queue[T any] struct {
	items   chan *Item[T]
	largest int
	carry   func([]*Item[T])
	workers sync.WaitGroup

	extra   int           // workers besides the first, for when much waits
	busy    atomic.Int32  // how many of them work
	stuck   atomic.Bool   // the first worker has not come back for long
	help    chan struct{} // calls one of them
	regroup bool          // there is one worker, which can wait for all callers
	wanted  atomic.Int64  // how many items the worker waits for; 0 for none
	there   chan struct{} // has a token when that many may be queued

	mu     sync.RWMutex // guards closed against a send on the closed channel
	closed bool
}

// helpAt is how many items must wait for a second worker to take part, and as
// many more for each further one. Small batches cost more than they save.
const helpAt = 16

// stuckAfter is when the first worker is not waited for any longer: its
// connection may be dead.
const stuckAfter = 250 * time.Millisecond

// New starts the workers: one that always works, and others that take part when
// many items wait. carry is called with 1 to largest items and must answer all
// of them.
func New[T any](workers, largest int, carry func([]*Item[T])) *Queue[T] {
	q := &Queue[T]{
		items: make(chan *Item[T], queueFactor*largest), largest: largest, carry: carry,
		extra: workers - 1, help: make(chan struct{}, workers),
		regroup: workers == 1, there: make(chan struct{}, 1),
	}
	q.workers.Go(q.run)
	for range q.extra {
		q.workers.Go(q.assist)
	}
	return q
}

// Do queues work and waits for its answer. If ctx ends before a worker has
// taken the work, it is dropped; after that Do waits for the answer, so that
// the caller always knows whether the work was done.
func (q *Queue[T]) Do(ctx context.Context, work T) error {
	item := &Item[T]{Work: work, done: make(chan error, 1)}
	if err := q.enqueue(ctx, item); err != nil {
		return err
	}
	select {
	case err := <-item.done:
		return err
	case <-ctx.Done():
		if item.state.CompareAndSwap(queued, dropped) {
			return ctx.Err()
		}
		return <-item.done
	}
}

func (q *Queue[T]) enqueue(ctx context.Context, item *Item[T]) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case q.items <- item:
		if wanted := q.wanted.Load(); wanted > 0 && int64(len(q.items)) >= wanted {
			q.tell()
		}
		q.callHelp()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close waits until the workers have finished what is queued. It can be called
// again.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.items)
		close(q.help)
	}
	q.mu.Unlock()
	q.workers.Wait()
}

func (q *Queue[T]) run() {
	late := time.AfterFunc(time.Hour, func() {
		q.stuck.Store(true)
		q.callHelp()
	})
	defer late.Stop()
	batch := make([]*Item[T], 0, q.largest)
	for item := range q.items {
		batch = q.collect(take(batch[:0], item))
		began := time.Now()
		if len(batch) > 0 {
			late.Reset(stuckAfter)
			q.carry(batch)
			late.Stop()
			q.stuck.Store(false)
		}
		if q.regroup && len(batch) >= crowd {
			q.await(len(batch)+len(q.items), min(time.Since(began)/2, longestWait))
		}
		clear(batch)
	}
}

// callHelp calls another worker if more waits than those that work will soon
// have taken.
func (q *Queue[T]) callHelp() {
	busy := int(q.busy.Load())
	if busy >= q.extra || len(q.items) < q.enough(busy) {
		return
	}
	select {
	case q.help <- struct{}{}:
	default: // enough are called
	}
}

// enough is how many items must wait for one more worker besides the first and
// the busy ones.
func (q *Queue[T]) enough(busy int) int {
	if q.stuck.Load() {
		return 1
	}
	return helpAt * (busy + 1)
}

// assist carries out batches whenever it is called, until few items wait.
func (q *Queue[T]) assist() {
	batch := make([]*Item[T], 0, q.largest)
	for range q.help {
		q.busy.Add(1)
		for len(q.items) >= min(helpAt/2, q.enough(0)) {
			if batch = q.collect(batch[:0]); len(batch) > 0 {
				q.carry(batch)
			}
			clear(batch)
		}
		q.busy.Add(-1)
	}
}

const (
	// crowd is how many callers must have been answered for the worker to wait
	// for their return.
	crowd       = 8
	longestWait = 2 * time.Millisecond
)

// await waits until n items are queued. Callers that send one item after the
// other would otherwise split into two halves: one is carried out while the
// other queues, at nearly twice the transactions. The wait is short compared
// with the transaction before it.
func (q *Queue[T]) await(n int, patience time.Duration) {
	select {
	case <-q.there: // left over
	default:
	}
	q.wanted.Store(int64(min(n, q.largest)))
	defer q.wanted.Store(0)
	if len(q.items) >= min(n, q.largest) {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-q.there:
	case <-timer.C:
	}
}

func (q *Queue[T]) tell() {
	select {
	case q.there <- struct{}{}:
	default:
	}
}

// collect adds the other queued items.
func (q *Queue[T]) collect(batch []*Item[T]) []*Item[T] {
	// Callers just answered come back with more; let them run before the batch
	// is closed, or every other batch would have a single item.
	runtime.Gosched()
	for len(batch) < q.largest {
		select {
		case item, open := <-q.items:
			if !open {
				return batch
			}
			batch = take(batch, item)
		default:
			return batch
		}
	}
	return batch
}

func take[T any](batch []*Item[T], item *Item[T]) []*Item[T] {
	if item.state.CompareAndSwap(queued, taken) {
		return append(batch, item)
	}
	return batch
}
