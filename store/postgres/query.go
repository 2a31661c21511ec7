package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/postgres/server"
)

// Each of these runs one statement on a connection of the pool within
// patience, and explains its error.

func (s *Store) exec(ctx context.Context, text string, args ...any) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.pool.Exec(limited, text, args...)
	return server.Explain(ctx, err)
}

// row reads one row; pgx.ErrNoRows if there is none.
func (s *Store) row(ctx context.Context, dest []any, text string, args ...any) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return server.Explain(ctx, s.pool.QueryRow(limited, text, args...).Scan(dest...))
}

// query calls read for every row.
func (s *Store) query(ctx context.Context, read func(ledger.Scanner) error, text string, args ...any) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := s.pool.Query(limited, text, args...)
	if err != nil {
		return server.Explain(ctx, err)
	}
	defer rows.Close()
	return server.Explain(ctx, each(read)(rows))
}

// look is query for lists: the server plans each list for its own values,
// because a plan that is right for a frequent value reads everything for a
// rare one.
func (s *Store) look(ctx context.Context, read func(ledger.Scanner) error, text string, args ...any) error {
	return s.query(ctx, read, text, append([]any{pgx.QueryExecModeExec}, args...)...)
}

// inTransaction runs work in its own transaction, and again if it conflicted
// with another.
func (s *Store) inTransaction(ctx context.Context, work func(context.Context, pgx.Tx) error) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	for range clashes {
		err = pgx.BeginTxFunc(limited, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			return work(limited, tx)
		})
		if !server.Clashed(err) {
			break
		}
	}
	return server.Explain(ctx, err)
}

// notFound converts a missing row to event.ErrNotFound.
func notFound(err error, what, id string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%s %q: %w", what, id, event.ErrNotFound)
	}
	return err
}
