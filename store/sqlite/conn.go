package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// conn is the writing connection. It talks to the driver directly: the pool,
// the locks and the conversions of database/sql would cost a tenth of what an
// event costs in all, and here one goroutine uses one connection.
type conn struct {
	raw        driver.Conn
	statements map[string]*statement // by text: each is prepared once
}

// statement is a prepared statement with room for its arguments and one row.
type statement struct {
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
	stmt  driver.Stmt
	args  []driver.NamedValue
	row   values
}

func newConn(raw driver.Conn) *conn {
	return &conn{raw: raw, statements: map[string]*statement{}}
}

func (c *conn) close() error {
	var errs []error
	for _, st := range c.statements {
		errs = append(errs, st.stmt.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

func (c *conn) prepared(text string) (*statement, error) {
	if st, ok := c.statements[text]; ok {
		return st, nil
	}
	stmt, err := c.raw.Prepare(text)
	if err != nil {
		return nil, err
	}
	st := &statement{stmt: stmt}
	var okExec, okQuery bool
	st.exec, okExec = stmt.(driver.StmtExecContext)
	st.query, okQuery = stmt.(driver.StmtQueryContext)
	if !okExec || !okQuery {
		return nil, errors.Join(errors.New("the driver cannot run prepared statements"), stmt.Close())
	}
	c.statements[text] = st
	return st, nil
}

// exec runs a statement and returns how many rows it changed. Statements run
// to their end whatever becomes of the caller: the transaction is shared.
func (c *conn) exec(text string, args ...any) (int64, error) {
	res, err := c.result(text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *conn) result(text string, args ...any) (driver.Result, error) {
	st, err := c.prepared(text)
	if err != nil {
		return nil, err
	}
	return st.exec.ExecContext(context.Background(), st.bind(args))
}

// scan runs a query and calls each for every row. each must not use the
// connection.
func (c *conn) scan(each func(ledger.Scanner) error, text string, args ...any) (err error) {
	st, err := c.prepared(text)
	if err != nil {
		return err
	}
	rows, err := st.query.QueryContext(context.Background(), st.bind(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if st.row == nil {
		st.row = make(values, len(rows.Columns()))
	}
	for {
		switch err := rows.Next(st.row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(st.row); err != nil {
			return err
		}
	}
}

// one runs a query for one row; sql.ErrNoRows if there is none.
func (c *conn) one(dest []any, text string, args ...any) error {
	found := false
	err := c.scan(func(row ledger.Scanner) error {
		if found {
			return nil
		}
		found = true
		return row.Scan(dest...)
	}, text, args...)
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

func (st *statement) bind(args []any) []driver.NamedValue {
	st.args = st.args[:0]
	for i, a := range args {
		if n, ok := a.(int); ok {
			a = int64(n)
		}
		st.args = append(st.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return st.args
}

// values is one row of a result.
type values []driver.Value

// Scan copies the row into pointers to what the columns hold.
func (v values) Scan(dest ...any) error {
	if len(dest) != len(v) {
		return fmt.Errorf("a row has %d columns, not %d", len(v), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, v[i]); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}

func assign(dest any, v driver.Value) error {
	number, isNumber := v.(int64)
	text, isText := v.(string)
	ok := false
	switch d := dest.(type) {
	case *int64:
		*d, ok = number, isNumber
	case *int:
		*d, ok = int(number), isNumber
	case *bool:
		*d, ok = number != 0, isNumber
	case *string:
		*d, ok = text, isText
	case **string:
		*d, ok = nil, isText || v == nil
		if isText {
			*d = &text
		}
	case *[]byte:
		*d, ok = v.([]byte)
		ok = ok || v == nil
	case *sql.NullInt64:
		*d, ok = sql.NullInt64{Int64: number, Valid: isNumber}, isNumber || v == nil
	case *sql.NullString:
		*d, ok = sql.NullString{String: text, Valid: isText}, isText || v == nil
	}
	if !ok {
		return fmt.Errorf("%T does not fit into %T", v, dest)
	}
	return nil
}
