package reader

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

const (
	// defaultLimit bounds a list when the caller does not.
	defaultLimit = 50
	// leeway is how many events, or runs, may be stored in another order than
	// their times. Lists use the order of storing; the leeway turns a bound on
	// time into one on that order, and the rows inside are compared by time
	// again.
	leeway = 2000
	// maxBranches bounds how many types one list is merged from.
	maxBranches = 40
)

// highestID sorts after every id.
const highestID = "\U0010FFFF"

// expands reports whether events needs the stored types that begin with the
// prefix, up to maxBranches of them.
func (d Dialect) expands(f event.EventFilter) (prefix string, ok bool) {
	if !indexed(f) {
		return "", false
	}
	prefix, pattern := strings.CutSuffix(f.Type, "*")
	switch {
	case pattern && (prefix != "" || f.Fate != ""):
		return prefix, true
	case f.Type == "":
		return "", f.Fate != ""
	}
	return "", false
}

// indexed reports whether the filter needs an index of its own: by type, or by
// whether runs were started.
func indexed(f event.EventFilter) bool {
	return newestFirst(f) && f.MeetingID == "" && f.Seqs == nil && f.IDs == nil && (f.Fate == "" || split(f.Fate))
}

func newestFirst(f event.EventFilter) bool { return !f.OldestFirst && f.After == 0 && f.Behind == nil }

// split reports whether every event has this fate or the opposite one.
func split(f event.Fate) bool { return f == event.FateMatched || f == event.FateUnmatched }

// types returns the query for the types of stored events that begin with the
// prefix. It reads one event of each.
func (d Dialect) types(prefix string) (string, []any) {
	q := d.query()
	low, high := q.arg(prefix), q.arg(prefix+highestID)
	part := func(name, index, condition string) string {
		next := func(after string) string {
			return fmt.Sprintf("(SELECT type FROM %sevents e%s WHERE %s AND %s AND type < %s ORDER BY type LIMIT 1)",
				d.tables, d.by(index), condition, after, high)
		}
		return fmt.Sprintf("%s (type) AS (SELECT %s UNION ALL SELECT %s FROM %s WHERE %s.type IS NOT NULL)",
			name, next("type >= "+low), next("type > "+name+".type"), name, name)
	}
	return fmt.Sprintf(`WITH RECURSIVE %s, %s SELECT type FROM (SELECT type FROM matched UNION SELECT type FROM unmatched) AS types
		WHERE type IS NOT NULL ORDER BY type LIMIT %s`,
		part("matched", "events_matched", "runs > 0"), part("unmatched", "events_unmatched", "runs = 0"), q.arg(maxBranches+1)), q.args
}

// events returns the query for columns of the events that f selects.
// types are the stored ones when expands has asked for them.
func (d Dialect) events(f event.EventFilter, types []string, columns string) (string, []any) {
	q := d.query()
	if f.MeetingID != "" {
		q.where = append(q.where, q.asked("e.meeting", f.MeetingID))
	}
	if f.Seqs != nil {
		among(q, "e.seq", f.Seqs)
	}
	if f.IDs != nil {
		q.ids(f.IDs)
	}
	q.received(f)
	if f.Sent {
		q.where = append(q.where, notOwn("e.type"))
	}
	if f.Before != 0 {
		q.and("e.seq < %s", f.Before)
	}
	if f.After != 0 {
		q.and("e.seq > %s", f.After)
	}
	_, expanded := d.expands(f)
	exact := f.Type != "" && !strings.HasSuffix(f.Type, "*")
	switch {
	case exact && indexed(f):
		return q.merged(columns, "events", "e", "seq", 0, int64(math.MaxInt64), typeBranches([]string{f.Type}, f.Fate), f.Limit), q.args
	case expanded && len(types) == 0:
		q.where = append(q.where, "1 = 0")
	case expanded && len(types) <= maxBranches:
		return q.merged(columns, "events", "e", "seq", 0, int64(math.MaxInt64), typeBranches(types, f.Fate), f.Limit), q.args
	}
	q.typed(f.Type)
	from := "events e" + q.fated(f)
	order := "e.seq DESC"
	if f.OldestFirst || f.After != 0 {
		order = "e.seq"
	}
	if f.Behind != nil {
		q.behind(*f.Behind)
		order = "e.received, e.seq"
	}
	return q.sql(columns, from, order, f.Limit), q.args
}

// first lets SQLite find the events before it reads them in the order of the list.
// It would otherwise sort them with their bodies.
func (q *query) first(condition string) string {
	if q.size != "" {
		return condition
	}
	return "e.seq IN (SELECT e.seq FROM " + q.tables + "events e WHERE " + condition + ")"
}

// ids selects events by ids in any form.
func (q *query) ids(refs []string) {
	var keys, ids []string
	for _, ref := range refs {
		if key, exact := event.ParseRef(ref); exact {
			keys = append(keys, key)
		} else {
			ids = append(ids, ref)
		}
	}
	q.where = append(q.where, q.first("("+in(q, "e.id", keys)+" OR "+in(q, q.Bare("e.id"), ids)+")"))
}

func typeBranches(types []string, fate event.Fate) []branch {
	var list []branch
	for _, t := range types {
		b := branch{fixed: []string{"e.type"}, equal: []any{t}}
		if fate != event.FateUnmatched {
			b.index, b.also = "events_matched", []string{"e.runs > 0"}
			list = append(list, b)
		}
		if fate != event.FateMatched {
			b.index, b.also = "events_unmatched", []string{"e.runs = 0"}
			list = append(list, b)
		}
	}
	return list
}

func (q *query) typed(eventType string) {
	switch prefix, pattern := strings.CutSuffix(eventType, "*"); {
	case eventType == "" || eventType == "*":
	case pattern:
		// A range rather than LIKE: the prefix may contain wildcards of LIKE.
		q.and("e.type >= %s", prefix)
		q.and("e.type < %s", prefix+highestID)
	default:
		q.and("e.type = %s", eventType)
	}
}

// fated adds the condition on the fate, and returns the index that must be
// used for it, if any.
func (q *query) fated(f event.EventFilter) (by string) {
	alone := newestFirst(f) && f.MeetingID == "" && f.Seqs == nil && f.IDs == nil
	index := ""
	switch f.Fate {
	case event.FateMatched:
		q.where = append(q.where, "e.runs > 0")
	case event.FateUnmatched:
		q.where = append(q.where, "e.runs = 0")
	case event.FateLate:
		q.where, index = append(q.where, q.isTrue("e.late")), "events_late"
	case event.FateRepeated:
		q.where, index = append(q.where, "e.deliveries > 1"), "events_repeated"
	}
	if index == "" || !alone {
		return ""
	}
	return q.by(index)
}

// received adds the bounds on time.
func (q *query) received(f event.EventFilter) {
	column := "e.received"
	if newestFirst(f) {
		column = q.aside + column
	}
	if !f.Since.IsZero() {
		q.and(column+" >= %s", ledger.Micros(f.Since))
	}
	if !f.Until.IsZero() {
		q.and(column+" < %s", ledger.Micros(f.Until))
	}
	if !newestFirst(f) || f.MeetingID != "" || f.Seqs != nil || f.IDs != nil {
		return
	}
	if !f.Since.IsZero() {
		q.and("e.seq >= (SELECT min(n.seq) FROM (SELECT seq FROM "+q.tables+"events WHERE received >= %s ORDER BY received LIMIT "+fmt.Sprint(leeway)+") AS n)", ledger.Micros(f.Since))
	}
	if !f.Until.IsZero() {
		q.and("e.seq <= (SELECT max(n.seq) FROM (SELECT seq FROM "+q.tables+"events WHERE received < %s ORDER BY received DESC LIMIT "+fmt.Sprint(leeway)+") AS n)", ledger.Micros(f.Until))
	}
}

// behind adds that an event comes after a place in the order of time. The
// first condition is the one that an index can use.
func (q *query) behind(p event.Place) {
	q.and("e.received >= %s", ledger.Micros(p.Received))
	q.where = append(q.where, fmt.Sprintf("(e.received > %s OR e.seq > %s)", q.arg(ledger.Micros(p.Received)), q.arg(p.Seq)))
}

// notOwn is true for events that somebody has sent.
func notOwn(column string) string {
	return "NOT (" + column + " >= 'gavel.' AND " + column + " < 'gavel/')"
}

// EventHours returns the query for the first receipt in each hour since then.
// It leaves out what Gavel has made. It jumps from hour to hour in the index, however many events there are.
func (d Dialect) EventHours(since time.Time) (string, []any) {
	q := d.query()
	events := d.tables + "events"
	return `WITH RECURSIVE hours (at) AS (
		SELECT min(received) FROM ` + events + ` WHERE ` + notOwn("type") + ` AND received >= ` + q.arg(ledger.Micros(since)) + `
		UNION ALL
		SELECT (SELECT min(received) FROM ` + events + ` WHERE ` + notOwn("type") + ` AND received >= (hours.at / 3600000000 + 1) * 3600000000)
		FROM hours WHERE hours.at IS NOT NULL)
	SELECT at FROM hours WHERE at IS NOT NULL`, q.args
}
