package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/batch"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
)

const (
	// maxBatch bounds how many operations share a transaction, and so how long
	// the first of them waits for the last.
	maxBatch   = 256
	watchEvery = time.Second
)

// work is one caller's part of a transaction. It may run more than once if the
// transaction is repeated. An error rolls the transaction back.
type work func(*session) error

// writer owns the only connection that writes.
type writer struct {
	batch.Commits
	session *session
	guard   *guard.Guard
	queue   *batch.Queue[work]
	woken   chan struct{}

	finish  atomic.Bool   // the checkpointer has left the last pages
	rescued bool          // the log of a missing file was written into the database
	version int64         // PRAGMA data_version when last looked at
	leave   chan struct{} // closed to end watching
	watched chan struct{} // closed when watching has ended; nil if it never began
}

func newWriter(s *session, g *guard.Guard, o Options) (*writer, error) {
	if o.Exclusive {
		if err := s.giveBackAll(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	w := &writer{session: s, guard: g, woken: make(chan struct{}, 1), leave: make(chan struct{})}
	var err error
	if w.version, err = s.dataVersion(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	g.Note()
	w.queue = batch.New(1, maxBatch, w.carryOut)
	if o.Exclusive {
		every := o.WatchEvery
		if every <= 0 {
			every = watchEvery
		}
		w.watched = make(chan struct{})
		go w.watch(every)
	}
	return w, nil
}

func (w *writer) do(ctx context.Context, f work) error {
	if w == nil {
		return fmt.Errorf("%w: the database was opened for reading only", event.ErrUnavailable)
	}
	return w.queue.Do(ctx, f)
}

// close finishes what is queued and ends the writer.
func (w *writer) close() error {
	close(w.leave)
	if w.watched != nil {
		<-w.watched
	}
	w.queue.Close()
	err := w.guard.Check()
	if w.guard.Foreign() {
		// Closing would write the remaining log over what is now another file,
		// or remove that one's log. The end of the process closes it.
		return err
	}
	return errors.Join(err, w.session.Close())
}

// carryOut runs a batch in one transaction. If one of its operations fails,
// each is run again in its own transaction, so that only that one fails.
func (w *writer) carryOut(items []*batch.Item[work]) {
	err := w.transact(items)
	if err != nil && len(items) > 1 && !conn.Passing(err) {
		for i, item := range items {
			item.Answer(w.explain(w.transact(items[i : i+1])))
		}
		return
	}
	err = w.explain(err)
	for _, item := range items {
		item.Answer(err)
	}
	w.finishCheckpoint()
}

func (w *writer) explain(err error) error { return conn.Explain(w.guard.Damaged(err)) }

// transact checks the files before it writes into them, and again before
// anybody is told that something is stored.
func (w *writer) transact(items []*batch.Item[work]) error {
	s, began := w.session, time.Now()
	if err := w.whole(); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, item := range items {
		if err := item.Work(s); err != nil {
			s.rollback()
			return err
		}
	}
	if err := s.commit(); err != nil {
		s.rollback()
		return fmt.Errorf("commit: %w", err)
	}
	if err := w.whole(); err != nil {
		return err
	}
	w.Tell(s.shared, began)
	if s.freed {
		w.wake()
	}
	return nil
}

// whole is the guard's check. When a file is missing, the write-ahead log,
// which has been acknowledged, is first written into the database, as long as
// that is still the same file.
func (w *writer) whole() error {
	err := w.guard.Check()
	if err != nil && !w.rescued && !w.guard.Foreign() {
		// On an error, closing tries again.
		_ = w.session.checkpoint()
	}
	w.rescued = err != nil
	return err
}

// watch checks repeatedly whether another process has written.
func (w *writer) watch(every time.Duration) {
	defer close(w.watched)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-w.leave:
			return
		case <-tick.C:
			// An error will be reported by the next transaction.
			_ = w.do(context.Background(), func(s *session) error { return w.look(s) })
		}
	}
}

func (w *writer) look(s *session) error {
	version, err := s.dataVersion()
	if err != nil || version == w.version {
		return err
	}
	w.version = version
	w.wake()
	return nil
}

func (w *writer) wake() {
	select {
	case w.woken <- struct{}{}:
	default: // a wake-up is pending already
	}
}
