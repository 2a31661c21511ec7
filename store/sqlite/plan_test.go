package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/reader"
)

// TestPlans keeps the statements that run all the time on their indexes.
func TestPlans(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", made(t, filepath.Join(t.TempDir(), "gavel.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	checkArgs := func(query string, args []any, want ...string) {
		t.Helper()
		rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var plan []string
		for rows.Next() {
			var (
				id, parent, unused int
				detail             string
			)
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plan, "\n")
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s\ndoes not use %q:\n%s", query, w, text)
			}
		}
		if strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s\nsorts:\n%s", query, text)
		}
	}
	check := func(query string, want ...string) {
		t.Helper()
		checkArgs(query, nil, want...)
	}
	check("SELECT happened FROM events WHERE meeting = 'm' ORDER BY happened DESC LIMIT 1", "COVERING INDEX events_meeting")
	check("SELECT * FROM runs r INDEXED BY runs_due WHERE r.held = 0 AND (r.status = 'pending' OR r.status = 'waiting') AND r.due <= 1 ORDER BY r.due LIMIT 1", "runs_due")
	check("SELECT * FROM runs r INDEXED BY runs_lease WHERE r.status = 'running' AND r.lease_until <= 1 ORDER BY r.lease_until LIMIT 1", "runs_lease")
	check("SELECT 1 FROM runs INDEXED BY runs_follow WHERE meeting = 'm' AND follow = 1 AND (status = 'pending' OR status = 'waiting' OR status = 'running')", "runs_follow")
	check("SELECT min(due) FROM runs INDEXED BY runs_due WHERE held = 0 AND (status = 'pending' OR status = 'waiting')", "runs_due")
	check("SELECT min(lease_until) FROM runs INDEXED BY runs_lease WHERE status = 'running'", "runs_lease")
	check("SELECT 1 FROM run_lanes WHERE lane = 'l' AND (happened, event_seq) < (1, 2)", "USING PRIMARY KEY (lane=?")
	check("SELECT status, count(*) FROM runs GROUP BY status", "COVERING INDEX runs_status")
	check("SELECT * FROM runs r WHERE r.status = 'failed' ORDER BY r.id DESC LIMIT 50", "runs_status")
	check("SELECT r.id FROM runs r INDEXED BY runs_held WHERE r.held = 1 AND (r.status = 'pending' OR r.status = 'waiting') AND +r.status IN ('waiting') ORDER BY r.due LIMIT 50", "runs_held")
	check("SELECT r.id FROM runs r INDEXED BY runs_rule_due WHERE r.rule = 'a' AND r.status = 'waiting' AND r.due < 5 ORDER BY r.due LIMIT 50", "runs_rule_due")
	check("SELECT r.id FROM runs r INDEXED BY runs_paused WHERE r.paused_by = 'a' AND +r.status IN ('waiting') ORDER BY r.due LIMIT 50", "runs_paused (paused_by=?)")
	rules, args := reader.SQLite().RuleRuns(event.RulesFilter{Rules: []string{"a", "b"}})
	checkArgs(rules, args, "SEARCH n USING COVERING INDEX runs_rule_status (rule=? AND status=?)", "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)")
	check("SELECT * FROM events e WHERE e.received >= 1 AND (e.received > 1 OR e.seq > 5) ORDER BY e.received, e.seq LIMIT 50", "events_received")
	hours, _ := reader.SQLite().EventHours(noon())
	check(strings.ReplaceAll(hours, "?1", "1"), "SEARCH events USING INDEX events_received")
	check("SELECT * FROM events e WHERE e.received >= 1 AND e.seq > 5 ORDER BY e.seq LIMIT 50", "PRIMARY KEY (rowid>?)")
}
