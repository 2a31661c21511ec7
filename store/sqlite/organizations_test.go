package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/storetest"
)

// TestOlderIdsGetTheirOrganization opens a database whose ids stand alone, as
// those of earlier builds did.
func TestOlderIdsGetTheirOrganization(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	storetest.RunOlderIDs(t, func(t *testing.T) store.Store { return open(t, path, sqlite.Options{}) }, func(t *testing.T) {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		for _, text := range []string{
			"DROP INDEX events_bare_id", "DROP INDEX events_bare_meeting",
			"UPDATE events SET id = replace(id, 'acme/', ''), meeting = replace(meeting, 'acme/', '')",
			"UPDATE runs SET event_id = replace(event_id, 'acme/', ''), meeting = replace(meeting, 'acme/', ''), lanes = replace(lanes, 'acme/', '')",
			"UPDATE run_lanes SET lane = replace(lane, 'acme/', '')",
			"DROP TABLE told", "DROP TABLE memories", "DROP TABLE refusals", "DROP TABLE pauses", "DROP INDEX runs_paused", "ALTER TABLE runs DROP COLUMN paused_by", "ALTER TABLE runs DROP COLUMN lapses",
			"DROP TABLE search_parts", "DROP TABLE search_blocks", "DROP TABLE facts", "DROP INDEX runs_followed",
			"DROP INDEX runs_held", "DROP INDEX runs_rule_due", "DROP TABLE daily", "DROP TABLE hourly", "DROP TABLE issues", "DROP TABLE issue_spans", "DROP INDEX runs_issue", "ALTER TABLE runs DROP COLUMN issue", "ALTER TABLE runs DROP COLUMN failure",
			"DELETE FROM migrations WHERE version_id >= 7",
		} {
			if _, err := db.ExecContext(t.Context(), text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	})
}
