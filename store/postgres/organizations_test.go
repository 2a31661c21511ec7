package postgres_test

import (
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/storetest"
)

// TestOlderIdsGetTheirOrganization opens a database whose ids stand alone, as
// those of earlier builds did.
func TestOlderIdsGetTheirOrganization(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	storetest.RunOlderIDs(t, func(t *testing.T) store.Store { return open(t, database) }, func(t *testing.T) {
		for _, text := range []string{
			"DROP INDEX gavel_events_bare_id", "DROP INDEX gavel_events_bare_meeting",
			"UPDATE gavel_events SET id = replace(id, 'acme/', ''), meeting = replace(meeting, 'acme/', '')",
			"UPDATE gavel_runs SET event_id = replace(event_id, 'acme/', ''), meeting = replace(meeting, 'acme/', ''), lanes = replace(lanes, 'acme/', '')",
			"UPDATE gavel_run_lanes SET lane = replace(lane, 'acme/', '')",
			"DROP INDEX gavel_runs_held", "DROP INDEX gavel_runs_rule_due", "DROP TABLE gavel_daily", "DROP TABLE gavel_hourly", "DROP TABLE gavel_issues", "DROP TABLE gavel_issue_spans", "ALTER TABLE gavel_runs DROP COLUMN issue", "ALTER TABLE gavel_runs DROP COLUMN failure",
			"DROP TABLE gavel_processes", "DROP TABLE gavel_told", "DROP TABLE gavel_memories", "DROP TABLE gavel_refusals", "DROP TABLE gavel_pauses", "ALTER TABLE gavel_runs DROP COLUMN paused_by, DROP COLUMN lapses", "DROP TABLE gavel_search_parts", "DROP TABLE gavel_search_blocks", "DROP TABLE gavel_facts", "DROP INDEX gavel_runs_followed",
			"DELETE FROM gavel_marks WHERE name = 'erased'",
			"DELETE FROM gavel_migrations WHERE version_id >= 7",
		} {
			administer(t, database, text)
		}
	})
}
