package reader

import (
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// query collects conditions and their values.
type query struct {
	Dialect
	where []string
	args  []any
}

// arg adds a value and returns its placeholder.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return fmt.Sprintf("%s%d", q.mark, len(q.args))
}

func (q *query) and(condition string, v any) {
	q.where = append(q.where, fmt.Sprintf(condition, q.arg(v)))
}

// among adds that a column is one of the values.
func among[T any](q *query, column string, values []T) {
	q.where = append(q.where, in(q, column, values))
}

func in[T any](q *query, column string, values []T) string {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = q.arg(v)
	}
	if len(marks) == 0 {
		marks = []string{"NULL"}
	}
	return column + " IN (" + strings.Join(marks, ", ") + ")"
}

// asked is the condition that a column of keys matches an id in any form.
func (q *query) asked(column, ref string) string {
	bare := q.Bare(column) + " = " + q.arg(ref)
	key, exact := event.ParseRef(ref)
	if !exact {
		return bare
	}
	return "(" + column + " = " + q.arg(key) + " OR " + bare + ")"
}

func (q *query) conditions() string {
	if len(q.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.where, " AND ")
}

func (q *query) sql(columns, from, order string, limit int) string {
	return "SELECT " + columns + " FROM " + q.tables + from + q.conditions() + " ORDER BY " + order + " LIMIT " + q.arg(bounded(limit))
}

// branch is one part of a merged list: the rows whose fixed columns have these
// values, which an index has in the order of the list.
type branch struct {
	index string   // its name without the prefix
	fixed []string // columns, before the one of the order
	equal []any    // their values
	// also are further conditions, such as that of a partial index.
	also []string
}

// merged lists the newest rows of several branches: the newest of each, and of
// those the newest. key is the column of the order, highest a value above all
// others. The conditions of q apply to every branch.
func (q *query) merged(columns, table, alias, key string, lowest, highest any, branches []branch, limit int) string {
	shared := q.where
	n := q.arg(bounded(limit))
	parts := make([]string, len(branches))
	for i, b := range branches {
		q.where = append(append([]string(nil), shared...), b.also...)
		order := q.only(b, alias+"."+key, lowest, highest)
		parts[i] = fmt.Sprintf("SELECT * FROM (SELECT %s.%s FROM %s%s %s%s%s ORDER BY %s LIMIT %s) AS b%d",
			alias, key, q.tables, table, alias, q.by(b.index), q.conditions(), order, n, i)
	}
	q.where = shared
	return fmt.Sprintf("SELECT %s FROM %s%s %s WHERE %s.%s IN (SELECT %s FROM (%s) AS all_of_them ORDER BY %s DESC LIMIT %s) ORDER BY %s.%s DESC LIMIT %s",
		columns, q.tables, table, alias, alias, key, key, strings.Join(parts, " UNION ALL "), key, n, alias, key, n)
}

// only adds that the fixed columns of a branch have its values, and returns
// the order. For PostgreSQL that is a range of rows: with an equality it may
// scan the whole table in the order of the key, expecting to find enough rows
// with the value.
func (q *query) only(b branch, key string, lowest, highest any) (order string) {
	if len(b.fixed) == 0 || !q.ranges {
		for i, column := range b.fixed {
			q.and(column+" = %s", b.equal[i])
		}
		return key + " DESC"
	}
	marks := make([]string, len(b.equal))
	for i, v := range b.equal {
		marks[i] = q.arg(v)
	}
	row, values := "("+strings.Join(b.fixed, ", ")+", "+key+")", strings.Join(marks, ", ")
	q.where = append(q.where,
		fmt.Sprintf("%s >= (%s, %s)", row, values, q.arg(lowest)),
		fmt.Sprintf("%s <= (%s, %s)", row, values, q.arg(highest)))
	return strings.Join(b.fixed, " DESC, ") + " DESC, " + key + " DESC"
}

func bounded(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return limit
}
