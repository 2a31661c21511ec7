// Package bulk reads and writes whole tables of a database, for copies.
package bulk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/postgres/server"
	"github.com/gavel-rules/gavel/store/transfer"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// Application is the name under which the server lists the connections of a copy.
const Application = "gavel copy"

// Tables is a database that is copied. It implements transfer.Side.
type Tables struct {
	pool     *pgxpool.Pool
	db       *sql.DB // for the notes
	schema   *upgrade.Schema
	presence int // of the advisory locks of processes that serve
}

// New returns the tables of a database, and closes the pool when it is closed.
func New(pool *pgxpool.Pool, s *upgrade.Schema, presence int) *Tables {
	return &Tables{pool, stdlib.OpenDBFromPool(pool), s, presence}
}

// Close closes the connections.
func (t *Tables) Close() error {
	err := t.db.Close()
	t.pool.Close()
	return err
}

// Alone implements transfer.Side. A process that serves holds an advisory lock
// once it has taken a run, and is listed by the name of its connections before.
func (t *Tables) Alone(ctx context.Context) error {
	var connections int
	const text = `SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gavel') +
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::bigint = $1
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`
	if err := t.pool.QueryRow(ctx, text, t.presence).Scan(&connections); err != nil {
		return err
	}
	if connections > 0 {
		c := t.pool.Config().ConnConfig
		return fmt.Errorf(`database %q at %s is in use by "gavel serve" or another command; stop all of them first`, c.Database, c.Host)
	}
	return nil
}

// Notes implements transfer.Side.
func (t *Tables) Notes(ctx context.Context) (map[string]string, error) {
	return t.schema.Notes(ctx, t.db)
}

// SetNotes implements transfer.Side.
func (t *Tables) SetNotes(ctx context.Context, notes map[string]string) error {
	if err := t.schema.MakeNotes(ctx, t.db); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		for name, value := range notes {
			if err := t.schema.SetNote(ctx, execer{tx}, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// execer is a transaction as package upgrade uses it.
type execer struct{ tx pgx.Tx }

func (e execer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	_, err := e.tx.Exec(ctx, query, args...)
	return nil, err
}

// source is what to read a table from.
func source(table transfer.Table) string {
	from := "gavel_" + table.Name
	if table.Summed {
		keys := list(table.Columns[:table.Key])
		last := table.Columns[len(table.Columns)-1].Name
		from = fmt.Sprintf("(SELECT %s, sum(%s)::bigint AS %s FROM %s GROUP BY %s) AS summed", keys, last, last, from, keys)
	}
	if table.Where != "" {
		from += " WHERE " + table.Where
	}
	return from
}

func list(columns []transfer.Column) string { return strings.Join(names(columns), ", ") }

func names(columns []transfer.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, `"`+c.Name+`"`)
	}
	return out
}

// Count implements transfer.Side.
func (t *Tables) Count(ctx context.Context, table transfer.Table) (n int64, err error) {
	err = t.pool.QueryRow(ctx, "SELECT count(*) FROM "+source(table)).Scan(&n)
	return n, err
}

// page is how many rows are asked for at once. The server would otherwise make
// the whole result.
const page = 1000

// Rows implements transfer.Side.
func (t *Tables) Rows(ctx context.Context, table transfer.Table, behind []any, each func([]any) error) error {
	for {
		n := 0
		err := t.page(ctx, table, behind, func(row []any) error {
			n++
			if n == page {
				behind = slices.Clone(row[:table.Key])
			}
			return each(row)
		})
		if err != nil || n < page {
			return err
		}
	}
}

func (t *Tables) page(ctx context.Context, table transfer.Table, behind []any, each func([]any) error) error {
	key := list(table.Columns[:table.Key])
	text := "SELECT " + list(table.Columns) + " FROM " + source(table)
	if behind != nil {
		word := " WHERE "
		if table.Where != "" {
			word = " AND "
		}
		var marks []string
		for i := range table.Key {
			marks = append(marks, fmt.Sprintf("$%d", i+1))
		}
		text += word + "(" + key + ") > (" + strings.Join(marks, ", ") + ")"
	}
	rows, err := t.pool.Query(ctx, fmt.Sprintf("%s ORDER BY %s LIMIT %d", text, key, page), behind...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			return err
		}
		for i, c := range table.Columns {
			if row[i], err = value(c.Kind, row[i]); err != nil {
				return fmt.Errorf("%s.%s: %w", table.Name, c.Name, err)
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// value turns what the driver returns into what a copy knows.
func value(kind transfer.Kind, v any) (any, error) {
	switch n := v.(type) {
	case int32:
		v = int64(n)
	case int16:
		v = int64(n)
	}
	ok := v == nil
	switch v.(type) {
	case int64:
		ok = kind == transfer.Int
	case bool:
		ok = kind == transfer.Bool
	case string:
		ok = kind == transfer.Text
	case []byte:
		ok = kind == transfer.Blob
	}
	if !ok {
		return nil, errors.New("a value is of an unexpected kind")
	}
	return v, nil
}

// Write implements transfer.Side.
func (t *Tables) Write(ctx context.Context, table transfer.Table, rows [][]any, note, value string) error {
	columns := make([]string, 0, len(table.Columns)+1)
	for _, c := range table.Columns {
		columns = append(columns, c.Name)
	}
	var own []any
	for name, v := range transfer.Own() {
		if in, column, _ := strings.Cut(name, "."); in == table.Name {
			columns, own = append(columns, column), append(own, v)
		}
	}
	for i, row := range rows {
		for j, v := range row {
			if s, ok := v.(string); ok {
				row[j] = ledger.Clean(s)
			}
		}
		rows[i] = append(row, own...)
	}
	return pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
		if err := t.schema.SetNote(ctx, execer{tx}, note, value); err != nil {
			return err
		}
		if !table.Kept {
			_, err := tx.CopyFrom(ctx, pgx.Identifier{"gavel_" + table.Name}, columns, pgx.CopyFromRows(rows))
			return err
		}
		for _, row := range rows {
			if _, err := tx.Exec(ctx, "INSERT INTO gavel_"+table.Name+" (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", row...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Numbered implements transfer.Side.
func (t *Tables) Numbered(ctx context.Context) (n int64, err error) {
	err = t.pool.QueryRow(ctx, `SELECT greatest((SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM gavel_event_seq), (SELECT coalesce(max(seq), 0) FROM gavel_events))`).Scan(&n)
	return n, err
}

// Finish implements transfer.Side.
func (t *Tables) Finish(ctx context.Context, numbered int64) error {
	const text = `SELECT setval('gavel_event_seq', greatest($1::bigint, 1), $1::bigint > 0),
		(SELECT setval('gavel_run_rid', coalesce(max(rid), 1), count(*) > 0) FROM gavel_runs),
		(SELECT setval(pg_get_serial_sequence('gavel_attempts', 'seq'), coalesce(max(seq), 1), count(*) > 0) FROM gavel_attempts)`
	if _, err := t.pool.Exec(ctx, text, numbered); err != nil {
		return err
	}
	for _, table := range transfer.Tables() {
		if _, err := t.pool.Exec(ctx, "ANALYZE gavel_"+table.Name); err != nil {
			return fmt.Errorf("analyze %s: %w", table.Name, server.Explain(ctx, err))
		}
	}
	return nil
}
