package sqlite

import (
	"context"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
)

const (
	// checkpointAt is how many pages the log may have before it is written into
	// the database. With fewer checkpoints, a page that changes often is written
	// fewer times.
	checkpointAt = 16000
	// checkpointAnyhow is when the writer does it by itself: the checkpointer
	// does not get on.
	checkpointAnyhow = 4 * checkpointAt
	// checkpointRest is how many pages may be left to the writer.
	checkpointRest  = 500
	checkpointEvery = 250 * time.Millisecond
)

// checkpointer writes the log into the database on a connection of its own, so
// that no commit waits for it. Only the writer can begin the log anew, so it
// writes the few pages that were added meanwhile.
type checkpointer struct {
	conn   *conn.Conn
	writer *writer
	at     int64
	soon   atomic.Bool // do not wait for a long log
	leave  chan struct{}
	left   chan struct{}
}

func (s *Store) startCheckpoints(ctx context.Context, at int) error {
	c, err := sqlite.NewConnector(conn.DSN(s.file, conn.Writing))
	if err != nil {
		return err
	}
	raw, err := c.Connect(ctx)
	if err != nil {
		return err
	}
	s.checkpoints = &checkpointer{conn: conn.New(raw), writer: s.writer, at: int64(at), leave: make(chan struct{}), left: make(chan struct{})}
	go s.checkpoints.run()
	return nil
}

func (c *checkpointer) close() error {
	if c == nil {
		return nil
	}
	close(c.leave)
	<-c.left
	return c.conn.Close()
}

func (c *checkpointer) run() {
	defer close(c.left)
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.leave:
			return
		case <-tick.C:
			// After an error the log grows until the writer does it.
			_ = c.step()
		}
	}
}

func (c *checkpointer) step() error {
	pages, rest, err := c.pragma("NOOP")
	at, most := c.at, int64(checkpointRest)
	soon := c.soon.Swap(false)
	if soon {
		at, most = 0, 0
	}
	for tries := 0; err == nil && pages >= at && rest > most && tries < 3; tries++ {
		// The writer looks whether the files are still the right ones.
		if err = c.writer.do(context.Background(), func(*session) error { return nil }); err == nil {
			pages, rest, err = c.pragma("PASSIVE")
		}
	}
	if err == nil && pages >= at && rest > 0 {
		c.writer.finish.Store(true)
	}
	if soon && (err != nil || rest > 0) {
		c.soon.Store(true) // a reader needs the log for now
	}
	return err
}

// pragma returns how many pages the log has, and how many of them are not in
// the database yet.
func (c *checkpointer) pragma(mode string) (pages, rest int64, err error) {
	var busy, done int64
	err = c.conn.One([]any{&busy, &pages, &done}, "PRAGMA wal_checkpoint("+mode+")")
	return pages, pages - done, err
}

// finishCheckpoint writes what the checkpointer left, between two transactions.
// What readers still need stays in the log until the next time.
func (w *writer) finishCheckpoint() {
	if w.finish.CompareAndSwap(true, false) && w.whole() == nil {
		_ = w.session.Scan(func(ledger.Scanner) error { return nil }, "PRAGMA wal_checkpoint(PASSIVE)")
	}
}
