package transfer

// Kind is what a column holds.
type Kind byte

// The kinds of columns. A value is an int64, a bool, a string, a []byte, or nil.
const (
	Int Kind = iota
	Bool
	Text
	Blob
)

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
}

// Table is a table that both databases have, by its name in SQLite.
type Table struct {
	Name    string
	Columns []Column
	// Key is how many of the first columns identify a row; rows are read in their
	// order.
	Key int
	// Where leaves out rows that only one kind of database has.
	Where string
	// Summed tables have several rows for a key in PostgreSQL, whose last column is
	// the sum of theirs.
	Summed bool
	// Kept tables have rows in a new database, which are overwritten.
	Kept bool
}

func ints(names ...string) []Column  { return columns(Int, names) }
func bools(names ...string) []Column { return columns(Bool, names) }
func texts(names ...string) []Column { return columns(Text, names) }
func blobs(names ...string) []Column { return columns(Blob, names) }

func columns(kind Kind, names []string) []Column {
	out := make([]Column, 0, len(names))
	for _, name := range names {
		out = append(out, Column{name, kind})
	}
	return out
}

func join(parts ...[]Column) []Column {
	var all []Column
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// Tables returns the tables that a copy copies, in the order in which it does.
// Those that refer to events and runs come after them.
func Tables() []Table {
	return []Table{
		{Name: "events", Key: 1, Columns: join(ints("seq"), texts("id", "type", "meeting"), ints("happened", "received", "last_seen", "deliveries", "runs"),
			bools("late"), texts("revision"), blobs("body"))},
		{Name: "runs", Key: 1, Columns: join(ints("rid"), texts("id"), ints("event_seq"), texts("event_id", "event_type"), ints("happened"),
			texts("rule", "revision", "meeting"), bools("shadow"), texts("status"), bools("held"), texts("reason"), ints("due", "next", "tries"),
			bools("in_flight", "follow"), texts("lanes", "owner"), ints("lease_until", "created", "updated", "finished"), blobs("results"),
			texts("trace", "replaced", "paused_by"), bools("lapses"), texts("issue"), ints("failure"))},
		{Name: "run_lanes", Key: 4, Columns: join(texts("lane"), ints("happened", "event_seq", "rid"))},
		{Name: "attempts", Key: 1, Columns: join(ints("seq", "rid", "action"), texts("action_id", "kind"), ints("try", "started", "ended"),
			texts("outcome", "cause", "reason"), blobs("request", "response"), ints("next_try"))},
		{Name: "revisions", Key: 1, Columns: join(texts("revision"), blobs("sources"), ints("saved", "used"))},
		{Name: "window_events", Key: 4, Columns: join(texts("scope", "run"), ints("happened", "event_seq"), texts("event_id"))},
		{Name: "windows", Key: 1, Columns: join(texts("scope"), ints("until", "suppressed"), texts("run"))},
		{Name: "memories", Key: 2, Columns: join(texts("key", "name", "kind"), blobs("value"), texts("rule"), ints("event_seq", "updated", "expires"))},
		{Name: "pauses", Key: 1, Columns: join(texts("key"), ints("since", "ends"), texts("reason", "author"))},
		{Name: "issues", Key: 3, Columns: join(texts("rule", "action", "cause", "id", "connection"),
			ints("first", "last", "failing", "total", "acked", "resolved", "reopened", "muted"), texts("by_whom"))},
		{Name: "issue_spans", Key: 2, Columns: join(texts("issue"), ints("span", "n"))},
		{Name: "refusals", Key: 2, Columns: join(texts("reason", "source"), ints("n", "first", "last"))},
		{Name: "tallies", Key: 4, Summed: true, Columns: join(ints("span"), texts("kind", "name", "detail"), ints("n"))},
		{Name: "hourly", Key: 3, Columns: join(ints("hour"), texts("kind", "name"), ints("n"))},
		{Name: "daily", Key: 4, Columns: join(ints("day"), texts("kind", "name", "detail"), ints("n"))},
		{Name: "facts", Key: 1, Columns: join(ints("block", "events", "newest"), blobs("data"))},
		{Name: "search_parts", Key: 1, Columns: join(ints("part", "first", "last", "size", "blocks"), blobs("heads"))},
		{Name: "search_blocks", Key: 1, Columns: join(ints("id"), blobs("block"))},
		// SQLite keeps the highest number of a deleted event here, PostgreSQL in a
		// sequence; see Side.Numbered. A mark that is 0 may be missing.
		{Name: "marks", Key: 1, Kept: true, Where: "name <> 'seq' AND value <> 0", Columns: join(texts("name"), ints("value"))},
		{Name: "told", Key: 1, Columns: texts("name", "value")},
	}
}

// Left are the tables that are not copied, by their names in SQLite, and why.
func Left() map[string]string {
	return map[string]string{
		"migrations": "each database has its own schema",
		"notes":      "they are about a database as a whole",
		"processes":  "they are connected to one PostgreSQL, and none may be",
	}
}

// Own are the columns that only PostgreSQL has, as "table.column", and the value
// that they get there.
func Own() map[string]any {
	return map[string]any{
		"runs.handover": int64(0), // says which answer gave out a run; none did
		"tallies.slot":  int64(0), // a count is the sum of all slots
	}
}
