package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBatch bounds how many operations share a transaction, and with it how
	// long the first of them waits for the last.
	maxBatch   = 256
	queueSize  = 1024
	watchEvery = time.Second
)

// operation is one caller's work on its way through the writer.
type operation struct {
	// work runs inside the transaction, perhaps more than once if the
	// transaction has to be redone. An error undoes the transaction.
	work  func(*session) error
	state atomic.Int32
	done  chan error
}

const (
	queued  int32 = iota
	taken         // its answer will come
	dropped       // its caller has gone; it will not be carried out
)

// writer owns the only connection that writes.
type writer struct {
	session *session
	queue   chan *operation
	woken   chan struct{}
	ended   chan struct{}

	mu     sync.RWMutex // guards closed against a send on the closed queue
	closed bool

	watch   time.Duration // 0: do not look for other processes
	version int64         // PRAGMA data_version when last looked at
}

func newWriter(ctx context.Context, conn *sql.Conn, o Options) (*writer, error) {
	s, err := newSession(ctx, conn, o)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w := &writer{
		session: s,
		queue:   make(chan *operation, queueSize),
		woken:   make(chan struct{}, 1),
		ended:   make(chan struct{}),
	}
	if o.Exclusive {
		if err := s.giveBackAll(); err != nil {
			return nil, errors.Join(err, s.close())
		}
		if w.watch = o.WatchEvery; w.watch <= 0 {
			w.watch = watchEvery
		}
	}
	if w.version, err = s.dataVersion(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	go w.run()
	return w, nil
}

// do queues work and waits for its transaction to be on disk. When ctx ends
// before the writer has taken the work, the work is dropped; after that the
// answer is that of the transaction.
func (w *writer) do(ctx context.Context, work func(*session) error) error {
	op := &operation{work: work, done: make(chan error, 1)}
	if err := w.enqueue(ctx, op); err != nil {
		return err
	}
	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
		if op.state.CompareAndSwap(queued, dropped) {
			return ctx.Err()
		}
		return <-op.done
	}
}

func (w *writer) enqueue(ctx context.Context, op *operation) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.queue <- op:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close lets the writer finish what is queued and ends it.
func (w *writer) close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.ended
	return w.session.close()
}

func (w *writer) run() {
	defer close(w.ended)
	var tick <-chan time.Time
	if w.watch > 0 {
		t := time.NewTicker(w.watch)
		defer t.Stop()
		tick = t.C
	}
	batch := make([]*operation, 0, maxBatch)
	for {
		select {
		case op, open := <-w.queue:
			if !open {
				return
			}
			batch = w.collect(append(batch[:0], op))
			w.carryOut(batch)
			clear(batch)
		case <-tick:
			w.look()
		}
	}
}

// collect adds what else is queued.
func (w *writer) collect(batch []*operation) []*operation {
	// Callers just answered come back with more; let them run before the batch
	// is closed, or every other commit would hold a single operation.
	runtime.Gosched()
	for len(batch) < maxBatch {
		select {
		case op, open := <-w.queue:
			if !open {
				return batch
			}
			batch = append(batch, op)
		default:
			return batch
		}
	}
	return batch
}

// carryOut runs a batch in one transaction. If one of its operations fails,
// each is run again in a transaction of its own, so that only the culprit pays.
func (w *writer) carryOut(batch []*operation) {
	n := 0
	for _, op := range batch {
		if op.state.CompareAndSwap(queued, taken) {
			batch[n] = op
			n++
		}
	}
	batch = batch[:n]
	if n == 0 {
		return
	}
	err := w.transact(batch)
	if err != nil && n > 1 && !passing(err) {
		for i := range batch {
			batch[i].done <- explain(w.transact(batch[i : i+1]))
		}
		return
	}
	err = explain(err)
	for _, op := range batch {
		op.done <- err
	}
}

func (w *writer) transact(batch []*operation) error {
	s := w.session
	if err := s.begin(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, op := range batch {
		if err := op.work(s); err != nil {
			s.rollback()
			return err
		}
	}
	if err := s.commit(); err != nil {
		s.rollback()
		return fmt.Errorf("commit: %w", err)
	}
	if s.freed {
		w.wake()
	}
	return nil
}

// look finds out whether another process has written.
func (w *writer) look() {
	version, err := w.session.dataVersion()
	if err != nil || version == w.version {
		return // an error will show again where somebody can be told
	}
	w.version = version
	w.wake()
}

func (w *writer) wake() {
	select {
	case w.woken <- struct{}{}:
	default: // a wake-up is pending already
	}
}
