package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel carries the name of the process that stored work.
const channel = "gavel_work"

const (
	firstPause   = 250 * time.Millisecond
	longestPause = 5 * time.Second // a process that is away for long may be taken for dead
)

// listen keeps a connection that receives notifications of other processes,
// until ctx ends. While it is down nothing is lost: the engine also polls.
func (s *Store) listen(ctx context.Context, config *pgx.ConnConfig) {
	pause := firstPause
	for ctx.Err() == nil {
		hearing, again := context.WithCancel(ctx)
		s.mu.Lock()
		s.again = again
		s.mu.Unlock()
		heard := s.hear(hearing, config)
		wanted := hearing.Err() != nil && ctx.Err() == nil
		again()
		if heard {
			pause = firstPause
		}
		if wanted {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// hear listens until the connection breaks, and reports whether it was ever
// established.
func (s *Store) hear(ctx context.Context, config *pgx.ConnConfig) bool {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // an error does not matter any more
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return false
	}
	s.wake() // for what was missed
	owner := s.presentAs()
	locked := owner == ""
	for {
		if !locked {
			if locked, err = appear(ctx, conn, owner); err != nil {
				return true
			}
		}
		patience, cancel := ctx, func() {}
		if !locked {
			patience, cancel = context.WithTimeout(ctx, firstPause)
		}
		n, err := conn.WaitForNotification(patience)
		cancel()
		switch {
		case err == nil && n.Payload != s.self:
			s.wake()
		case err != nil && (locked || ctx.Err() != nil || conn.IsClosed()):
			return true
		}
	}
}
