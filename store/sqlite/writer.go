package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/store/internal/batch"
)

const (
	// maxBatch bounds how many operations share a transaction, and with it how
	// long the first of them waits for the last.
	maxBatch   = 256
	watchEvery = time.Second
)

// work is one caller's part of a transaction. It may run more than once if the
// transaction has to be redone. An error undoes the transaction.
type work func(*session) error

// writer owns the only connection that writes.
type writer struct {
	batch.Commits
	session *session
	queue   *batch.Queue[work]
	woken   chan struct{}

	version int64         // PRAGMA data_version when last looked at
	leave   chan struct{} // closed when watching is to end
	watched chan struct{} // closed when it has; nil if it never began
}

func newWriter(c *conn, o Options) (*writer, error) {
	s, err := newSession(c, o)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	if o.Exclusive {
		if err := s.giveBackAll(); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	w := &writer{session: s, woken: make(chan struct{}, 1), leave: make(chan struct{})}
	if w.version, err = s.dataVersion(); err != nil {
		return nil, errors.Join(err, s.close())
	}
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

func (w *writer) do(ctx context.Context, f work) error { return w.queue.Do(ctx, f) }

// close lets the writer finish what is queued and ends it.
func (w *writer) close() error {
	close(w.leave)
	if w.watched != nil {
		<-w.watched
	}
	w.queue.Close()
	return w.session.close()
}

// carryOut runs a batch in one transaction. If one of its operations fails,
// each is run again in a transaction of its own, so that only the culprit pays.
func (w *writer) carryOut(items []*batch.Item[work]) {
	err := w.transact(items)
	if err != nil && len(items) > 1 && !passing(err) {
		for i, item := range items {
			item.Answer(explain(w.transact(items[i : i+1])))
		}
		return
	}
	err = explain(err)
	for _, item := range items {
		item.Answer(err)
	}
}

func (w *writer) transact(items []*batch.Item[work]) error {
	s, began := w.session, time.Now()
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
	w.Tell(s.shared, began)
	if s.freed {
		w.wake()
	}
	return nil
}

// watch looks now and then whether another process has written.
func (w *writer) watch(every time.Duration) {
	defer close(w.watched)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-w.leave:
			return
		case <-tick.C:
			// An error will show again where somebody can be told.
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
