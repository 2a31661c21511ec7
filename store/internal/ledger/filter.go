package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// defaultLimit bounds a list when the caller does not.
const defaultLimit = 50

// query collects conditions and their values. tables is the prefix that table
// names carry in this database.
type query struct {
	dollar bool
	tables string
	where  []string
	args   []any
}

// arg adds a value and returns its placeholder.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	if q.dollar {
		return fmt.Sprintf("$%d", len(q.args))
	}
	return fmt.Sprintf("?%d", len(q.args))
}

func (q *query) and(condition string, v any) {
	q.where = append(q.where, fmt.Sprintf(condition, q.arg(v)))
}

func (q *query) sql(columns, from, order string, limit int) string {
	if limit <= 0 {
		limit = defaultLimit
	}
	text := "SELECT " + columns + " FROM " + q.tables + from
	if len(q.where) > 0 {
		text += " WHERE " + strings.Join(q.where, " AND ")
	}
	return text + " ORDER BY " + order + " LIMIT " + q.arg(limit)
}

// behind adds that an event comes after a place in the order of time. The
// first condition is the one that an index serves.
func (q *query) behind(p event.Place) {
	q.and("e.received >= %s", Micros(p.Received))
	q.where = append(q.where, fmt.Sprintf("(e.received > %s OR e.seq > %s)", q.arg(Micros(p.Received)), q.arg(p.Seq)))
}

// Dialect says how a database wants its SQL.
type Dialect struct {
	Dollar bool   // placeholders are $1 rather than ?1
	Tables string // prefix of table names
}

// Events returns the query for EventColumns of the events that f selects.
func (d Dialect) Events(f event.EventFilter) (string, []any) {
	q := &query{dollar: d.Dollar, tables: d.Tables}
	switch prefix, pattern := strings.CutSuffix(f.Type, "*"); {
	case f.Type == "" || f.Type == "*":
	case pattern:
		// A range rather than LIKE: no wildcard of SQL can slip in.
		q.and("e.type >= %s", prefix)
		q.and("e.type < %s", prefix+"\U0010FFFF")
	default:
		q.and("e.type = %s", f.Type)
	}
	if f.MeetingID != "" {
		q.and("e.meeting = %s", f.MeetingID)
	}
	if !f.Since.IsZero() {
		q.and("e.received >= %s", Micros(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("e.received < %s", Micros(f.Until))
	}
	if f.Before != 0 {
		q.and("e.seq < %s", f.Before)
	}
	if f.After != 0 {
		q.and("e.seq > %s", f.After)
	}
	order := "e.seq DESC"
	if f.OldestFirst || f.After != 0 {
		order = "e.seq"
	}
	if f.Behind != nil {
		q.behind(*f.Behind)
		order = "e.received, e.seq"
	}
	return q.sql(EventColumns, "events e", order, f.Limit), q.args
}

// Runs returns the query for RunColumns of the runs that f selects.
func (d Dialect) Runs(f event.RunFilter) (string, []any) {
	q := &query{dollar: d.Dollar, tables: d.Tables}
	if len(f.Statuses) > 0 {
		marks := make([]string, len(f.Statuses))
		for i, s := range f.Statuses {
			marks[i] = q.arg(string(s))
		}
		q.where = append(q.where, "r.status IN ("+strings.Join(marks, ", ")+")")
	}
	if f.Rule != "" {
		q.and("r.rule = %s", f.Rule)
	}
	if f.EventID != "" {
		q.and("r.event_seq = (SELECT seq FROM "+d.Tables+"events WHERE id = %s)", f.EventID)
	}
	if f.MeetingID != "" {
		q.and("r.event_seq IN (SELECT seq FROM "+d.Tables+"events WHERE meeting = %s)", f.MeetingID)
	}
	if f.Shadow != nil {
		q.and("r.shadow = %s", *f.Shadow)
	}
	if !f.Since.IsZero() {
		q.and("r.created >= %s", Micros(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("r.created < %s", Micros(f.Until))
	}
	if f.Before != "" {
		q.and("r.id < %s", f.Before)
	}
	if f.After != "" {
		q.and("r.id > %s", f.After)
	}
	order := "r.id DESC"
	if f.OldestFirst || f.After != "" {
		order = "r.id"
	}
	return q.sql(RunColumns, "runs r", order, f.Limit), q.args
}

// EventHours returns the query for the first receipt of each hour since then
// in which an event came. It leaps from hour to hour over the index, however
// many events there are.
func (d Dialect) EventHours(since time.Time) (string, []any) {
	q := &query{dollar: d.Dollar}
	events := d.Tables + "events"
	return `WITH RECURSIVE hours (at) AS (
		SELECT min(received) FROM ` + events + ` WHERE received >= ` + q.arg(Micros(since)) + `
		UNION ALL
		SELECT (SELECT min(received) FROM ` + events + ` WHERE received >= (hours.at / 3600000000 + 1) * 3600000000)
		FROM hours WHERE hours.at IS NOT NULL)
	SELECT at FROM hours WHERE at IS NOT NULL`, q.args
}
