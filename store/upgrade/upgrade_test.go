package upgrade_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/gavel-rules/gavel/store/upgrade"
)

// files are the migrations up to a schema: 21 and 22 add tables, 23 drops one that
// programs with schema 21 use.
func files(newest int) fstest.MapFS {
	all := map[int]string{
		21: "-- +goose Up\n-- Things\n-- and more.\nCREATE TABLE things (n INTEGER);",
		22: "-- +goose Up\n-- Others.\n-- Since: 0.1.0 (schema 21)\nCREATE TABLE others (n INTEGER);\nINSERT INTO others SELECT n FROM things;",
		23: "-- +goose Up\n-- Since: 0.3.0 (schema 22)\nDROP TABLE things;",
	}
	fs := fstest.MapFS{}
	for version, text := range all {
		if version <= newest {
			fs[fmt.Sprintf("%05d_step%d.sql", version, version)] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fs
}

func schema(t *testing.T, newest int) *upgrade.Schema {
	t.Helper()
	s, err := upgrade.New(upgrade.SQLite(), files(newest))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func database(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "gavel.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func state(t *testing.T, db *sql.DB, newest int) *upgrade.State {
	t.Helper()
	st, err := schema(t, newest).State(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func up(t *testing.T, db *sql.DB, newest int, o upgrade.Options) {
	t.Helper()
	if err := schema(t, newest).Up(t.Context(), db, o); err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("the error is %v, want %q", err, want)
	}
}

// TestOldAndNew shows which programs can use a database that a newer one has
// migrated.
func TestOldAndNew(t *testing.T) {
	t.Parallel()
	db := database(t)
	up(t, db, 21, upgrade.Options{})
	if st := state(t, db, 21); st.Schema != 21 || st.Since.Version != "0.1.0" || len(st.Tables) != 2 {
		t.Errorf("a database of 0.1.0 has %+v; the tables must be those that 0.1.0 makes", st)
	}
	up(t, db, 22, upgrade.Options{})
	st := state(t, db, 21)
	if st.Schema != 22 || st.Newest != 21 || len(st.Pending) != 0 {
		t.Errorf("the old program sees %+v", st)
	}
	wants(t, st.Newer(), "")
	up(t, db, 23, upgrade.Options{})
	wants(t, state(t, db, 21).Newer(), "schema 23, this one supports up to 21); it needs Gavel 0.3.0 or newer")
	wants(t, state(t, db, 22).Newer(), "")
	wants(t, state(t, db, 23).Newer(), "")
	up(t, db, 21, upgrade.Options{}) // a newer database is left alone
	if st := state(t, db, 23); st.Schema != 23 {
		t.Errorf("an old program has changed the schema to %d", st.Schema)
	}
	// What it says is of another schema, so it says nothing of this one.
	if _, err := db.ExecContext(t.Context(), "INSERT INTO migrations (version_id, is_applied) VALUES (24, 1)"); err != nil {
		t.Fatal(err)
	}
	wants(t, state(t, db, 22).Newer(), "use that version or a newer one")
}

// TestInterrupted ends a migration at each of its steps, and goes on.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	db := database(t)
	var told []string
	for end := 21; end <= 23; end++ {
		ctx, cancel := context.WithCancel(t.Context())
		err := schema(t, 23).Up(ctx, db, upgrade.Options{Tell: func(p upgrade.Progress) {
			if p.Took > 0 {
				return
			}
			told = append(told, fmt.Sprintf("%d: %d of %d", p.Version, p.Number, p.Of))
			if p.Version == int64(end) {
				cancel()
			}
		}})
		wants(t, err, fmt.Sprintf("interrupted in step %d (step%d), of which nothing was kept", end, end))
		if st := state(t, db, 23); st.Schema >= int64(end) {
			t.Errorf("schema %d after an interruption in step %d", st.Schema, end)
		}
		up(t, db, 23, upgrade.Options{To: int64(end)})
	}
	if diff := cmp.Diff([]string{"21: 1 of 3", "22: 1 of 2", "23: 1 of 1"}, told); diff != "" {
		t.Errorf("told (-want +got)\n%s", diff)
	}
	if st := state(t, db, 23); st.Schema != 23 {
		t.Errorf("schema %d", st.Schema)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	db := database(t)
	up(t, db, 21, upgrade.Options{})
	if _, err := db.ExecContext(t.Context(), "INSERT INTO things VALUES (1), (2)"); err != nil {
		t.Fatal(err)
	}
	check := func(to int64, want, wrong string) {
		t.Helper()
		report, err := schema(t, 23).Report(t.Context(), db, to)
		wants(t, err, wrong)
		if err != nil {
			return
		}
		var got []string
		for _, p := range report.Steps {
			got = append(got, fmt.Sprint(p.Version, p.Rows))
		}
		if text := strings.Join(got, " ") + " since " + report.SinceAfter().Version; text != want {
			t.Errorf("to %d: %s, want %s", to, text, want)
		}
	}
	check(0, "22 [{things 2}] 23 [{things 2}] since 0.3.0", "")
	check(22, "22 [{things 2}] since 0.1.0", "")
	check(21, " since 0.1.0", "")
	check(20, "", "its schema is 21 already, and a migration cannot be undone")
	check(24, "", "there is no schema 24")
	if st := state(t, db, 23); st.Schema != 21 {
		t.Errorf("a report has changed the schema to %d", st.Schema)
	}
}

func TestStepsMustSayWhoCanUseTheDatabase(t *testing.T) {
	t.Parallel()
	check := func(text, want string) {
		t.Helper()
		_, err := upgrade.New(upgrade.SQLite(), fstest.MapFS{"00022_more.sql": {Data: []byte(text)}})
		wants(t, err, want)
	}
	check("-- +goose Up\n-- More.\nSELECT 1;", `00022_more.sql: it must say which programs can use the database afterwards, such as "-- Since: 0.1.0 (schema 21)"`)
	check("-- +goose Up\n-- Since: 0.1.0 (schema 23)\nSELECT 1;", "needs schema 23")
	check("-- +goose Up\n-- Since: 0.1.0 (schema 21)\nSELECT 1;", "")
}

func TestNotes(t *testing.T) {
	t.Parallel()
	db, s := database(t), schema(t, 21)
	if notes, err := s.Notes(t.Context(), db); err != nil || notes != nil {
		t.Errorf("without a table: %v, %v", notes, err)
	}
	for range 2 {
		if err := s.MakeNotes(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	for _, value := range []string{"one", "two"} {
		if err := s.SetNote(t.Context(), db, upgrade.NoteMoved, value); err != nil {
			t.Fatal(err)
		}
	}
	st := state(t, db, 21)
	wants(t, st.Usable(false), "")
	wants(t, st.Usable(true), `it was moved by "gavel copy" to two`)
	if err := s.SetNote(t.Context(), db, upgrade.NoteMoved, ""); err != nil {
		t.Fatal(err)
	}
	wants(t, state(t, db, 21).Usable(true), "")
	if err := s.SetNote(t.Context(), db, upgrade.NoteFilling, "there"); err != nil {
		t.Fatal(err)
	}
	wants(t, state(t, db, 21).Usable(false), `it is being filled by "gavel copy" from there`)
}
