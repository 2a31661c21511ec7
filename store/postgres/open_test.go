package postgres_test

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/postgres"
)

const secret = "hunter2-is-secret"

// refused opens a store that cannot be opened and checks what it says.
func refused(t *testing.T, database string, want ...string) error {
	t.Helper()
	s, err := postgres.Open(t.Context(), database, postgres.Options{})
	if err == nil {
		_ = s.Close()
		t.Fatal("it opened")
	}
	for _, w := range append(want, "open store") {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("%q tells the password", err)
	}
	return err
}

func TestOpenNoURL(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"", "gavel.db", "mysql://u:" + secret + "@db.example/x"} {
		refused(t, u, "must look like postgres://")
	}
	for _, u := range []string{"postgres://u:" + secret + "%zz@db.example/x", "postgres://u:" + secret + "@db.example:port/x", "postgres://u:" + secret + "@db.example/x?sslmode=maybe"} {
		refused(t, u, "cannot be read")
	}
}

func TestOpenUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	err = refused(t, "postgres://u:"+secret+"@"+address+"/x?sslmode=disable", "cannot reach the server", address, "connection refused")
	if strings.Contains(err.Error(), "dial tcp") {
		t.Errorf("%q has words of Go", err)
	}
	if !errors.Is(err, event.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestOpenRefused(t *testing.T) {
	t.Parallel()
	admin, err := url.Parse(testkit.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	wrong := *admin
	wrong.User = url.UserPassword(admin.User.Username(), secret)
	nowhere := *admin
	nowhere.Path = "/no_such_database"
	refused(t, nowhere.String(), "no such database")
	if _, set := admin.User.Password(); !set {
		t.Log("the test server asks for no password, so a wrong one is not tested")
		return
	}
	refused(t, wrong.String(), "user or password rejected")
}

func TestOpenNewerSchema(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	if err := open(t, database).Close(); err != nil {
		t.Fatal(err)
	}
	administer(t, database, "INSERT INTO gavel_migrations (version_id, is_applied) VALUES (99, true)")
	refused(t, database, "it was written by a newer Gavel", "schema 99")
}

func TestOpenReadOnly(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("default_transaction_read_only", "on")
	u.RawQuery = query.Encode()
	refused(t, u.String(), "the server is read-only")
}

func TestOpenWithoutPermission(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	role := "visitor_" + strings.TrimPrefix(u.Path, "/")
	administer(t, database, "CREATE ROLE "+role+" LOGIN PASSWORD '"+secret+"'")
	t.Cleanup(func() { administer(t, database, "DROP ROLE "+role) })
	administer(t, database, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	u.User = url.UserPassword(role, secret)
	refused(t, u.String(), "grant it CREATE")
}

func TestOpenTogether(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			s, err := postgres.Open(t.Context(), database, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func nameOf(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}
