package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// session is the writing connection with its prepared statements and what it
// remembers within one transaction. Only the writer uses it.
type session struct {
	conn *sql.Conn
	stmt map[string]*sql.Stmt // by text: each is prepared once

	nextSeq int64            // of the next event; 0 when not looked up yet
	freed   bool             // a held run became claimable
	used    map[string]int64 // revision → when its use was last written down
}

func newSession(ctx context.Context, conn *sql.Conn, o Options) (*session, error) {
	s := &session{conn: conn, stmt: map[string]*sql.Stmt{}, used: map[string]int64{}}
	pragmas := []string{
		// Fewer checkpoints write a page that changes often fewer times.
		"PRAGMA wal_autocheckpoint = 16000",
		"PRAGMA journal_size_limit = 134217728",
		"PRAGMA cache_size = -16000",
	}
	if o.MaxBytes > 0 {
		pragmas = append(pragmas, fmt.Sprintf("PRAGMA max_page_count = %d", max(1, o.MaxBytes/pageSize)))
	}
	for _, p := range pragmas {
		if _, err := conn.ExecContext(ctx, p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *session) close() error {
	var errs []error
	for _, st := range s.stmt {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

func (s *session) prepared(text string) (*sql.Stmt, error) {
	if st, ok := s.stmt[text]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	s.stmt[text] = st
	return st, nil
}

// exec runs a statement and returns how many rows it changed. Statements run
// to their end whatever becomes of the caller: the transaction is shared.
func (s *session) exec(text string, args ...any) (int64, error) {
	res, err := s.result(text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *session) result(text string, args ...any) (sql.Result, error) {
	st, err := s.prepared(text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(context.Background(), args...)
}

// scan runs a query and calls each for every row.
func (s *session) scan(each func(ledger.Scanner) error, text string, args ...any) error {
	st, err := s.prepared(text)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	return drain(rows, each)
}

// one runs a query for one row; sql.ErrNoRows if there is none.
func (s *session) one(dest []any, text string, args ...any) error {
	st, err := s.prepared(text)
	if err != nil {
		return err
	}
	return st.QueryRowContext(context.Background(), args...).Scan(dest...)
}

func drain(rows *sql.Rows, each func(ledger.Scanner) error) error {
	defer func() { _ = rows.Close() }() // closing again what Next has closed tells nothing
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *session) begin() error {
	s.nextSeq, s.freed = 0, false
	_, err := s.result("BEGIN IMMEDIATE")
	return err
}

func (s *session) commit() error {
	_, err := s.result("COMMIT")
	return err
}

func (s *session) rollback() {
	clear(s.used)
	// SQLite may have ended the transaction by itself, which is an error here
	// and exactly what is wanted.
	_, _ = s.result("ROLLBACK")
}

// dataVersion changes when another connection has written to the database.
func (s *session) dataVersion() (v int64, err error) {
	err = s.one([]any{&v}, "PRAGMA data_version")
	return v, err
}

// seq numbers the next event. Numbers of pruned events are not used again.
func (s *session) seq() (int64, error) {
	if s.nextSeq == 0 {
		const text = `SELECT 1 + max(ifnull((SELECT max(seq) FROM events), 0),
			ifnull((SELECT value FROM marks WHERE name = 'seq'), 0))`
		if err := s.one([]any{&s.nextSeq}, text); err != nil {
			return 0, err
		}
	}
	return s.nextSeq, nil
}
