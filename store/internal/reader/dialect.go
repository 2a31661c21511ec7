package reader

import (
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// Dialect is the difference between the SQL of the two databases.
type Dialect struct {
	tables   string // prefix of table names
	mark     string // before the number of a parameter
	position string // the function that finds a text in another
	yes, no  string // conditions on a column of truth values, %s
	never    string // the value false
	aside    string // before a column that must not choose the index
	named    string // how a statement names the index that it must use, %s
	join     string // a join whose tables are read in the order that they have
	byBytes  string // after a text that is ordered by its bytes
	ranges   bool   // a list in an index is a range of its rows, see query.only
	lists    bool   // partial indexes have IN and a list, not alternatives
	loose    bool   // see event.Numbers
	skip     string // after a query that changes its rows, to leave out those locked by others
	size     string // of the body, where it is cheaper to ask first than to stop early
	now      string // the moment in $1, by the database's clock
}

// SQLite has no statistics here, so statements name their indexes.
func SQLite() Dialect {
	return Dialect{
		mark: "?", position: "instr", yes: "%s = 1", no: "%s = 0", never: "0",
		aside: "+", named: " INDEXED BY %s", join: "CROSS JOIN", now: "$1",
	}
}

// Postgres chooses indexes itself. now is SQL for the caller's time in $1,
// converted to the server's clock.
func Postgres(now string) Dialect {
	return Dialect{
		tables: "gavel_", mark: "$", position: "strpos", yes: "%s", no: "NOT %s", never: "false",
		join: "JOIN", byBytes: ` COLLATE "C"`, ranges: true, lists: true, loose: true,
		skip: " FOR UPDATE SKIP LOCKED", size: "octet_length(e.body)", now: now,
	}
}

// sql translates a statement: ~ is the prefix of a table, $1 the first
// parameter.
func (d Dialect) sql(text string) string {
	return strings.NewReplacer("~", d.tables, "$", d.mark).Replace(text)
}

func (d Dialect) query() *query { return &query{Dialect: d} }

func (d Dialect) isTrue(column string) string  { return fmt.Sprintf(d.yes, column) }
func (d Dialect) isFalse(column string) string { return fmt.Sprintf(d.no, column) }

// oneOf is the condition of a partial index, which a query repeats to use it.
func (d Dialect) oneOf(column string, states ...event.Status) string {
	before, between, after := column+" = '", "' OR "+column+" = '", "'"
	if d.lists {
		before, between, after = column+" IN ('", "', '", "')"
	}
	texts := make([]string, len(states))
	for i, s := range states {
		texts[i] = string(s)
	}
	return "(" + before + strings.Join(texts, between) + after + ")"
}

// statuses is a list of all statuses of runs.
func (d Dialect) statuses() string {
	var texts []string
	for _, s := range event.Statuses() {
		texts = append(texts, "SELECT '"+string(s)+"' AS status")
	}
	return strings.Join(texts, " UNION ALL ")
}

// Bare returns SQL for the id in a column of keys, as it is indexed.
func (d Dialect) Bare(column string) string {
	return "substr(" + column + ", " + d.position + "(" + column + ", '/') + 1)"
}

// by names the index that the database has to use, if it needs one.
func (d Dialect) by(index string) string {
	if d.named == "" {
		return ""
	}
	return fmt.Sprintf(d.named, index)
}

// Ended is the condition for deleting an event e: no run of its own, of its
// meeting, or that it was gathered for is still open.
func (d Dialect) Ended() string {
	const open = "r.status IN ('pending', 'waiting', 'running')"
	return d.sql("NOT EXISTS (SELECT 1 FROM ~runs r" + d.by("runs_event") + " WHERE r.event_seq = e.seq AND " + open + `)
		AND NOT EXISTS (SELECT 1 FROM ~events o` + d.by("events_meeting") + " " + d.join + " ~runs r" + d.by("runs_event") + ` ON r.event_seq = o.seq
			WHERE o.meeting = e.meeting AND ` + open + `)
		AND NOT EXISTS (SELECT 1 FROM ~window_events w` + d.by("window_events_event") + " " + d.join + " ~runs r" + d.by("runs_id") + ` ON r.id = w.run
			WHERE w.event_seq = e.seq AND ` + open + ")")
}
