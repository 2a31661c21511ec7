// Package bulk reads and writes whole tables of a database file, for copies.
package bulk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
	"github.com/gavel-rules/gavel/store/transfer"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// Tables is a database file that nobody serves. It implements transfer.Side.
type Tables struct {
	db     *sql.DB
	guard  *guard.Guard
	schema *upgrade.Schema
}

// New returns the tables of a database. It closes both when it is closed; the
// guard holds the serve lock.
func New(db *sql.DB, g *guard.Guard, s *upgrade.Schema) *Tables { return &Tables{db, g, s} }

// Close closes the database and lets others serve it.
func (t *Tables) Close() error {
	err := t.db.Close()
	return errors.Join(err, t.guard.Close(err == nil))
}

// Alone has nothing to find out: the lock is held.
func (t *Tables) Alone(context.Context) error { return nil }

// Notes implements transfer.Side.
func (t *Tables) Notes(ctx context.Context) (map[string]string, error) {
	return t.schema.Notes(ctx, t.db)
}

// SetNotes implements transfer.Side.
func (t *Tables) SetNotes(ctx context.Context, notes map[string]string) error {
	if err := t.schema.MakeNotes(ctx, t.db); err != nil {
		return conn.Explain(err)
	}
	return t.inTransaction(ctx, func(tx *sql.Tx) error {
		for name, value := range notes {
			if err := t.schema.SetNote(ctx, tx, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Tables) inTransaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return conn.Explain(err)
	}
	if err := do(tx); err != nil {
		return errors.Join(conn.Explain(err), tx.Rollback())
	}
	return conn.Explain(tx.Commit())
}

// Count implements transfer.Side.
func (t *Tables) Count(ctx context.Context, table transfer.Table) (n int64, err error) {
	err = t.db.QueryRowContext(ctx, "SELECT count(*) FROM "+table.Name+where(table)).Scan(&n)
	return n, conn.Explain(err)
}

func where(table transfer.Table) string {
	if table.Where == "" {
		return ""
	}
	return " WHERE " + table.Where
}

func names(columns []transfer.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, `"`+c.Name+`"`)
	}
	return out
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// Rows implements transfer.Side.
func (t *Tables) Rows(ctx context.Context, table transfer.Table, behind []any, each func([]any) error) (err error) {
	key := strings.Join(names(table.Columns[:table.Key]), ", ")
	text := "SELECT " + strings.Join(names(table.Columns), ", ") + " FROM " + table.Name + where(table)
	if behind != nil {
		word := " WHERE "
		if table.Where != "" {
			word = " AND "
		}
		text += word + "(" + key + ") > (" + marks(table.Key) + ")"
	}
	rows, err := t.db.QueryContext(ctx, text+" ORDER BY "+key, behind...)
	if err != nil {
		return conn.Explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row, into := make([]any, len(table.Columns)), make([]any, len(table.Columns))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return conn.Explain(err)
		}
		for i, c := range table.Columns {
			if n, ok := row[i].(int64); ok && c.Kind == transfer.Bool {
				row[i] = n != 0
			}
			if !fits(c.Kind, row[i]) {
				return fmt.Errorf("a value of %s.%s is of an unexpected kind", table.Name, c.Name)
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return conn.Explain(rows.Err())
}

func fits(kind transfer.Kind, v any) bool {
	switch v.(type) {
	case nil:
		return true
	case int64:
		return kind == transfer.Int
	case bool:
		return kind == transfer.Bool
	case string:
		return kind == transfer.Text
	case []byte:
		return kind == transfer.Blob
	}
	return false
}

// Write implements transfer.Side.
func (t *Tables) Write(ctx context.Context, table transfer.Table, rows [][]any, note, value string) error {
	return t.inTransaction(ctx, func(tx *sql.Tx) error {
		word := "INSERT"
		if table.Kept {
			word = "INSERT OR REPLACE"
		}
		insert, err := tx.PrepareContext(ctx, word+" INTO "+table.Name+" ("+strings.Join(names(table.Columns), ", ")+") VALUES ("+marks(len(table.Columns))+")")
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }() // it ends with the transaction
		for _, row := range rows {
			if _, err := insert.ExecContext(ctx, row...); err != nil {
				return err
			}
		}
		return t.schema.SetNote(ctx, tx, note, value)
	})
}

// Numbered implements transfer.Side.
func (t *Tables) Numbered(ctx context.Context) (n int64, err error) {
	err = t.db.QueryRowContext(ctx, `SELECT max(ifnull((SELECT max(seq) FROM events), 0), ifnull((SELECT value FROM marks WHERE name = 'seq'), 0))`).Scan(&n)
	return n, conn.Explain(err)
}

// Finish implements transfer.Side.
func (t *Tables) Finish(ctx context.Context, numbered int64) error {
	if _, err := t.db.ExecContext(ctx, "INSERT INTO marks (name, value) VALUES ('seq', ?1) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)", numbered); err != nil {
		return conn.Explain(err)
	}
	_, err := t.db.ExecContext(ctx, "PRAGMA optimize")
	return conn.Explain(err)
}
