package vault

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/seal"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
	"github.com/gavel-rules/gavel/store/storetest"
)

// TestSealedStore holds the sealed store to the contract of any other, on both
// databases.
func TestSealedStore(t *testing.T) {
	t.Parallel()
	keys, err := seal.Parse(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		storetest.RunSealed(t, func(t *testing.T) storetest.Database {
			path := "sqlite:" + sqlitetest.File(t)
			return func(t *testing.T) store.Store { return sealedStore{openTest(t, path), fixedKeys(keys)} }
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fresh := testkit.Migrated(t, func(database string) {
			s, err := Open(t.Context(), database, Migrate)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
		storetest.RunSealed(t, func(t *testing.T) storetest.Database {
			database := fresh(t)
			return func(t *testing.T) store.Store { return sealedStore{openTest(t, database), fixedKeys(keys)} }
		})
	})
}

func openTest(t *testing.T, url string) store.Store {
	t.Helper()
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		f, err := os.OpenFile(path, os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	s, err := Open(t.Context(), url, Migrate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSealedBytes looks into the file itself.
func TestSealedBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database, keyFile := "sqlite:"+filepath.Join(dir, "gavel.db"), filepath.Join(dir, "key")
	if err := os.WriteFile(keyFile, []byte(strings.Repeat("cd", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSealed(t.Context(), database, keyFile, Serve)
	if err != nil {
		t.Fatal(err)
	}
	body, err := sample.Body(event.TypeScheduled, "evt", time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "r", Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Event(t.Context(), "evt"); err != nil || !bytes.Equal(got.Event.Body, body) || got.Event.Meeting.Info.PrimaryInvitee != "invitee@globex.example" {
		t.Errorf("with the key: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "gavel.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("globex.example")) {
			t.Errorf("%s tells who was invited", filepath.Base(file))
		}
	}
	if _, err := OpenSealed(t.Context(), database, "", Read); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("without the key: %v", err)
	}
}

// TestUnreadableRun: a run whose key is gone is put back with the reason, and
// holds up no other.
func TestUnreadableRun(t *testing.T) {
	t.Parallel()
	older, newer := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	inner := openTest(t, "sqlite:"+sqlitetest.File(t))
	with := func(lines ...string) sealedStore {
		keys, err := seal.Parse(strings.Join(lines, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		return sealedStore{inner, fixedKeys(keys)}
	}
	now := time.Now()
	accept := func(s sealedStore, id string) {
		t.Helper()
		body, err := sample.Body(event.TypeScheduled, id, now)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		run := event.Run{ID: "run-" + id, EventID: id, EventType: ev.Type, Rule: "r", Revision: "v", Status: event.StatusPending, Due: now, Created: now, Updated: now}
		if _, err := s.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "v", Now: now, Runs: []event.PlannedRun{{Run: run}}}); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(s sealedStore, at time.Time) map[string]*event.Run {
		t.Helper()
		runs, err := s.Claim(t.Context(), "me", at, at.Add(time.Minute), 10)
		if err != nil {
			t.Fatal(err)
		}
		byID := map[string]*event.Run{}
		for _, r := range runs {
			byID[r.ID] = r
		}
		return byID
	}
	accept(with(older), "e1")
	first := claim(with(older), now)["run-e1"]
	first.Status, first.Results = event.StatusPending, map[string]json.RawMessage{"a": json.RawMessage(`{"about":"jane"}`)}
	if err := with(older).Record(t.Context(), event.Progress{Run: first, Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	accept(with(newer), "e2")
	if got := claim(with(newer), now.Add(time.Second)); len(got) != 1 || got["run-e2"] == nil {
		t.Errorf("without the older key it claims %v", got)
	}
	stands, err := inner.Run(t.Context(), "run-e1")
	if err != nil || stands.Status != event.StatusPending || !strings.Contains(stands.Reason, "put the key back") || strings.Contains(string(stands.Results["a"]), "jane") {
		t.Errorf("the run is %s (%s) with %s, %v", stands.Status, stands.Reason, stands.Results["a"], err)
	}
	if got := claim(with(newer, older), now.Add(time.Minute))["run-e1"]; got == nil || string(got.Results["a"]) != `{"about":"jane"}` {
		t.Errorf("with both keys the run is %v", got)
	}
}

// TestDamagedSealedRow: what was encrypted and has been damaged since costs one
// run and one place in each list.
func TestDamagedSealedRow(t *testing.T) {
	t.Parallel()
	keys, err := seal.Parse(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := sealedStore{openTest(t, "sqlite:"+path), fixedKeys(keys)}
	now := time.Now()
	for _, id := range []string{"bad", "good"} {
		body, err := sample.Body(event.TypeScheduled, id, now)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		run := event.Run{ID: "run-" + id, EventID: id, EventType: ev.Type, Rule: "r", Revision: "v", Status: event.StatusPending, Due: now, Created: now, Updated: now}
		if _, err := s.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "v", Now: now, Runs: []event.PlannedRun{{Run: run}}}); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(at time.Time) []*event.Run {
		t.Helper()
		runs, err := s.Claim(t.Context(), "me", at, at.Add(time.Minute), 10)
		if err != nil || len(runs) != 2 {
			t.Fatalf("%d runs claimed, %v", len(runs), err)
		}
		return runs
	}
	for _, run := range claim(now) {
		run.Status, run.Results = event.StatusPending, map[string]json.RawMessage{"a": json.RawMessage(`1`)}
		if err := s.Record(t.Context(), event.Progress{Run: run, Owner: "me", Attempts: []event.Attempt{{RunID: run.ID, Request: json.RawMessage(`2`)}}}); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`UPDATE runs SET results = CAST(substr(CAST(results AS TEXT), 1, 60) || '++++' || substr(CAST(results AS TEXT), 65) AS BLOB) WHERE id = 'run-bad'`,
		`UPDATE attempts SET request = CAST(substr(CAST(request AS TEXT), 1, 60) || '++++' || substr(CAST(request AS TEXT), 65) AS BLOB) WHERE rid = (SELECT rid FROM runs WHERE id = 'run-bad')`,
		`UPDATE events SET body = CAST(body || 'x' AS BLOB) WHERE id LIKE '%/bad' OR id = 'bad'`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, run := range claim(now.Add(time.Second)) {
		if (run.Damage != nil) != (run.ID == "run-bad") {
			t.Errorf("%s is claimed with damage %v", run.ID, run.Damage)
		}
	}
	if list, err := s.Runs(t.Context(), event.RunFilter{Results: true}); err != nil || len(list) != 2 {
		t.Errorf("%d runs listed, %v", len(list), err)
	}
	if list, err := s.Events(t.Context(), event.EventFilter{OldestFirst: true}); err != nil || len(list) != 2 || list[0].Damage == "" || list[1].Damage != "" {
		t.Errorf("events listed: %v, %v", list, err)
	}
	if list, err := s.Attempts(t.Context(), "run-bad"); err != nil || len(list) != 1 || list[0].Reason == "" {
		t.Errorf("history: %v, %v", list, err)
	}
}

// TestLayersOfAStore: what needs to know how things lie on disk finds it.
func TestLayersOfAStore(t *testing.T) {
	t.Parallel()
	keys, err := seal.Parse(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	inner := openTest(t, "sqlite:"+sqlitetest.File(t))
	s := sealedStore{inner, fixedKeys(keys)}
	if AsStored(s) != inner {
		t.Error("what lies on disk is not found")
	}
	if AsStored(inner) != inner {
		t.Error("a store without layers is not itself")
	}
}
