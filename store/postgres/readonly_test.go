package postgres_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// TestReadOnly reads as a user who may do nothing else, while others write.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	newMachine(t, database, 0).take("e1", false)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	role := "reader_" + nameOf(t, database)
	administer(t, database, "CREATE ROLE "+role+" LOGIN PASSWORD '"+secret+"'")
	t.Cleanup(func() { administer(t, database, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	administer(t, database, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO "+role)
	// The first note makes a table that the grant does not cover.
	tables, err := postgres.OpenTables(t.Context(), database, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tables.SetNotes(t.Context(), map[string]string{upgrade.NoteIdentity: "x"}), tables.Close()); err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, secret)
	s, err := postgres.Open(t.Context(), u.String(), postgres.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Event(t.Context(), "e1"); err != nil {
		t.Error(err)
	}
	if err := s.CancelRun(t.Context(), "run of e1", newMachine(t, database, 0).now(), "by hand"); err == nil {
		t.Error("it writes")
	}
}

// TestOlderSchemaIsKept has a database that older processes may be using.
func TestOlderSchemaIsKept(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	for _, want := range []string{"it has no Gavel tables", "gavel migrate"} {
		for _, o := range []postgres.Options{{ReadOnly: true}, {KeepSchema: true}} {
			s, err := postgres.Open(t.Context(), database, o)
			if err == nil {
				_ = s.Close()
				t.Fatalf("%+v: it opened", o)
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: got %v, want %q", o, err, want)
			}
		}
		if want == "gavel migrate" {
			return
		}
		if err := open(t, database).Close(); err != nil {
			t.Fatal(err)
		}
		administer(t, database, "DELETE FROM gavel_migrations WHERE version_id = (SELECT max(version_id) FROM gavel_migrations)")
	}
}
