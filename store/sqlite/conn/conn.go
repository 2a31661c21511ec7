package conn

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Conn is the writing connection. It uses the driver directly: the pool, the
// locks and the conversions of database/sql would cost a tenth of an event's
// total, and here one goroutine uses one connection.
type Conn struct {
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

// New returns a Conn for a connection of the driver.
func New(raw driver.Conn) *Conn {
	return &Conn{raw: raw, statements: map[string]*statement{}}
}

// Close closes the connection and its statements.
func (c *Conn) Close() error {
	var errs []error
	for _, st := range c.statements {
		errs = append(errs, st.stmt.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

func (c *Conn) prepared(text string) (*statement, error) {
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
		return nil, errors.Join(errors.New("the driver does not support prepared statements"), stmt.Close())
	}
	c.statements[text] = st
	return st, nil
}

// Exec runs a statement and returns how many rows it changed. It cannot be
// canceled by one caller, because the transaction is shared.
func (c *Conn) Exec(text string, args ...any) (int64, error) {
	res, err := c.Result(text, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Result is Exec with the full result of the driver.
func (c *Conn) Result(text string, args ...any) (driver.Result, error) {
	st, err := c.prepared(text)
	if err != nil {
		return nil, err
	}
	return st.exec.ExecContext(context.Background(), st.bind(args))
}

// Scan runs a query and calls each for every row. each must not use the
// connection.
func (c *Conn) Scan(each func(ledger.Scanner) error, text string, args ...any) (err error) {
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

// One runs a query for one row; sql.ErrNoRows if there is none.
func (c *Conn) One(dest []any, text string, args ...any) error {
	found := false
	err := c.Scan(func(row ledger.Scanner) error {
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
