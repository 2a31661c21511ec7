package yardstick

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The receiver in this file is the one for SQLite again, with PostgreSQL: pgx
// with a pool of connections, and one statement for each event, which writes
// the row of the outbox as well. The server commits those of several
// connections together by itself.

const (
	pgConnections = 16
	pgText        = `
		CREATE TABLE IF NOT EXISTS events (
			id text PRIMARY KEY, type text NOT NULL, meeting text NOT NULL, title text NOT NULL, start timestamptz NOT NULL,
			owner text NOT NULL, invitee text NOT NULL, received timestamptz NOT NULL, body bytea NOT NULL);
		CREATE TABLE IF NOT EXISTS outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event text NOT NULL, payload bytea NOT NULL);`
	pgEvent = `INSERT INTO events (id, type, meeting, title, start, owner, invitee, received, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`
	pgWithLetter = "WITH kept AS (" + pgEvent + " RETURNING id) INSERT INTO outbox (event, payload) SELECT id, $10 FROM kept"
)

// postgresReceiver keeps events on a server.
type postgresReceiver struct {
	pool *pgxpool.Pool
	post *dispatcher
}

func openPostgres(ctx context.Context, o Options) (http.Handler, func() error, error) {
	config, err := pgxpool.ParseConfig(o.Database)
	if err != nil {
		return nil, nil, errors.New("the URL of the database is not one of PostgreSQL")
	}
	config.MaxConns = pgConnections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	if _, err := pool.Exec(ctx, pgText); err != nil {
		pool.Close()
		return nil, nil, fmt.Errorf("make the tables: %w", err)
	}
	r := &postgresReceiver{pool: pool}
	r.post = newDispatcher(r, o.Sink)
	failed := make(chan error, 1)
	go func() { failed <- r.post.run(ctx) }()
	wait := func() error {
		err := <-failed
		pool.Close()
		return err
	}
	return routes([]byte(o.Secret), r.keep, r.left), wait, nil
}

// keep returns once the event is on disk.
func (r *postgresReceiver) keep(ctx context.Context, ev *notice, body []byte) error {
	m := &ev.Meeting
	values := []any{ev.ID, ev.Type, m.ID, m.Info.Name, m.Start, m.Owner.Username, m.Info.Invitee, time.Now(), body}
	if !ev.matches() {
		_, err := r.pool.Exec(ctx, pgEvent, values...)
		return err
	}
	payload, err := ev.payload()
	if err != nil {
		return err
	}
	if _, err := r.pool.Exec(ctx, pgWithLetter, append(values, payload)...); err != nil {
		return err
	}
	r.post.notify()
	return nil
}

func (r *postgresReceiver) unsent(ctx context.Context, limit int) ([]letter, error) {
	rows, err := r.pool.Query(ctx, "SELECT id, event, payload FROM outbox ORDER BY id LIMIT $1", limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l letter, err error) {
		err = row.Scan(&l.id, &l.event, &l.payload)
		return l, err
	})
}

func (r *postgresReceiver) sent(ctx context.Context, id int64) error {
	_, err := r.pool.Exec(ctx, "DELETE FROM outbox WHERE id = $1", id)
	return err
}

func (r *postgresReceiver) left(ctx context.Context) (n int, err error) {
	err = r.pool.QueryRow(ctx, "SELECT count(*) FROM outbox").Scan(&n)
	return n, err
}
