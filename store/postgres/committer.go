package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/batch"
	"github.com/gavel-rules/gavel/store/postgres/server"
)

// task is one caller's part of a transaction: an acceptance or the progress of
// a run, and its result.
type task struct {
	accept  *event.Acceptance
	receipt event.Receipt

	progress *event.Progress
	verdict  error // the result for progress when the transaction succeeded
}

// Accept stores an event and the runs it starts, moves or drops the runs that
// follow its meeting, and returns after all of it is on disk.
func (s *Store) Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error) {
	t := &task{accept: &a}
	if err := s.queue.Do(ctx, t); err != nil {
		return event.Receipt{}, fmt.Errorf("accept event %q: %w", a.Event.ID, err)
	}
	if !t.receipt.Duplicate {
		s.recent.Put(t.receipt.Seq, a.Event)
	}
	s.use(ctx, a.Revision, a.Now)
	return t.receipt, nil
}

// Record stores the progress of a leased run with its attempts. If the owner
// has lost the lease, only the attempts are stored and the error wraps
// event.ErrConflict. A run that starts to wait for a meeting which a newer
// event has canceled meanwhile is dropped.
func (s *Store) Record(ctx context.Context, p event.Progress) error {
	t := &task{progress: &p}
	err := s.queue.Do(ctx, t)
	if err == nil {
		err = t.verdict
	}
	if err != nil {
		return fmt.Errorf("record run %q: %w", p.Run.ID, err)
	}
	return nil
}

type item = batch.Item[*task]

// carryOut runs a batch in as few transactions as it can.
func (s *Store) carryOut(items []*item) {
	for len(items) > 0 {
		var round []*item
		round, items = split(items)
		s.carryRound(round)
	}
}

// split returns the items that can be decided together, which is nearly always
// all of them, and the rest: a repeated event, a second event of a meeting or
// a second record of a run is decided after the first.
func split(items []*item) (round, rest []*item) {
	seen := make(map[string]bool, 2*len(items))
	round = make([]*item, 0, len(items))
	for _, it := range items {
		keys := it.Work.keys()
		free := true
		for _, k := range keys {
			free = free && !seen[k]
			seen[k] = true // also when it is deferred, to keep the order
		}
		if free {
			round = append(round, it)
		} else {
			rest = append(rest, it)
		}
	}
	return round, rest
}

func (t *task) keys() []string {
	if t.progress != nil {
		return []string{"run\x00" + t.progress.Run.ID}
	}
	keys := []string{"event\x00" + t.accept.Event.Key()}
	if t.accept.Event.HasMeeting() {
		keys = append(keys, "meeting\x00"+t.accept.Event.MeetingKey())
	}
	return keys
}

// clashes is how often a transaction that conflicted with another is tried.
const clashes = 3

// carryRound runs one transaction for all items. If one of them fails it, each
// is run again in its own transaction, so that only that one fails.
func (s *Store) carryRound(items []*item) {
	err := s.attempt(items)
	if err != nil && len(items) > 1 && !server.Passing(err) {
		for i, it := range items {
			it.Answer(answer(s.attempt(items[i : i+1])))
		}
		return
	}
	err = answer(err)
	for _, it := range items {
		it.Answer(err)
	}
}

func answer(err error) error { return server.Explain(context.Background(), err) }

// attempt runs one transaction, and again if it conflicted with another.
func (s *Store) attempt(items []*item) error {
	var err error
	for range clashes {
		if err = s.transact(items); !server.Clashed(err) {
			return err
		}
	}
	return err
}

func (s *Store) transact(items []*item) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// A connection whose transaction is still open is closed, not reused,
	// which rolls the transaction back.
	defer conn.Release()
	t := newTransaction(items)
	if err := t.load(ctx, conn.Conn()); err != nil {
		return broken(conn.Conn(), err)
	}
	t.out.sent, t.out.slot = s.sent(), s.slot() // after waiting for the locks
	if err := t.decide(); err != nil {
		return err
	}
	if err := t.write(ctx, conn.Conn(), s.self); err != nil {
		s.lose(t.handover)
		return broken(conn.Conn(), err)
	}
	s.Tell(len(items), began)
	if t.freed {
		s.wake()
	}
	s.forgetTallies(ctx, conn.Conn(), t.out.tallies)
	return nil
}

// broken marks an error that came with a lost connection.
func broken(conn *pgx.Conn, err error) error {
	if conn.IsClosed() && server.Code(err) == "" {
		return fmt.Errorf("%w: the connection to the database is lost: %w", event.ErrUnavailable, err)
	}
	return err
}
