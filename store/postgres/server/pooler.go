package server

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var errPooler = errors.New("a pooler in front of the server gives each transaction another connection, so that settings, prepared statements " +
	"and notifications get lost; name the server itself, or a pooler in session mode (for PgBouncer, pool_mode = session)")

const (
	// poolerTries is how often a pooler is asked, because it may give out the
	// same connection twice in a row by chance.
	poolerTries    = 5
	poolerPatience = 5 * time.Second
	noTransactions = "08P01" // PgBouncer in statement mode
)

// RefusePooler finds out whether a pooler shares server connections. It
// compares the process id that each connection reports with the one reported
// at its start, which is true for a server and made up by a pooler.
func RefusePooler(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	one := conn.Conn()
	own, err := serverProcess(ctx, one)
	if err != nil || own == one.PgConn().PID() {
		return err
	}
	two, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = two.Close(context.WithoutCancel(ctx)) }() // unused
	for range poolerTries {
		if err := compare(ctx, one, two, own); err != nil {
			return err
		}
	}
	return nil
}

// compare keeps the second connection in a transaction while it asks the first.
func compare(ctx context.Context, one, two *pgx.Conn, own uint32) error {
	limited, cancel := context.WithTimeout(ctx, poolerPatience)
	defer cancel()
	if _, err := two.Exec(limited, "BEGIN"); err != nil {
		if Code(err) == noTransactions {
			return errPooler
		}
		return err
	}
	other, err := serverProcess(limited, two)
	if err != nil {
		return err
	}
	if other == own {
		return errPooler
	}
	again, err := serverProcess(limited, one)
	if err != nil {
		return err
	}
	if again != own {
		return errPooler
	}
	_, err = two.Exec(limited, "ROLLBACK")
	return err
}

// serverProcess asks in a way that needs no prepared statement.
func serverProcess(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid)
	return pid, err
}
