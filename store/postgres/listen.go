package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel carries the name of the process that stored work.
const channel = "gavel_work"

const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// listen keeps a connection that hears of other processes' work, until ctx
// ends. While it is down nothing is lost: the engine also looks by itself.
func (s *Store) listen(ctx context.Context, config *pgx.ConnConfig) {
	pause := firstPause
	for ctx.Err() == nil {
		if heard := s.hear(ctx, config); heard {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// hear listens until the connection breaks, and reports whether it ever stood.
func (s *Store) hear(ctx context.Context, config *pgx.ConnConfig) bool {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // broken already, or done with
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return false
	}
	s.wake() // for what was missed
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		if n.Payload != s.self {
			s.wake()
		}
	}
}
