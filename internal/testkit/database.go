package testkit

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// NewDatabase returns the URL of an empty PostgreSQL database that is dropped
// when the test ends.
func NewDatabase(t testing.TB) string {
	t.Helper()
	return newDatabase(t, "")
}

// Migrated returns a function like NewDatabase whose databases are copies of one
// that migrate has made the tables of, which takes a fraction of the time. The
// function is for the subtests of t; migrate must not stay connected.
func Migrated(t testing.TB, migrate func(database string)) func(testing.TB) string {
	t.Helper()
	database := NewDatabase(t)
	migrate(database)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return func(t testing.TB) string {
		t.Helper()
		return newDatabase(t, " TEMPLATE "+strings.TrimPrefix(u.Path, "/"))
	}
}

func newDatabase(t testing.TB, options string) string {
	t.Helper()
	admin := Postgres(t)
	name := "gavel_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	execute(t, admin, "CREATE DATABASE "+name+options)
	t.Cleanup(func() { execute(t, admin, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)) })
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("GAVEL_TEST_POSTGRES is not a URL: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// CutConnections ends every other connection to a PostgreSQL database.
func CutConnections(t testing.TB, database string) {
	t.Helper()
	execute(t, database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

func execute(t testing.TB, database, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Execute runs a statement in a PostgreSQL database.
func Execute(t testing.TB, database, statement string) {
	t.Helper()
	execute(t, database, statement)
}

// AllowConnections lets a PostgreSQL database accept connections, or none, the
// open ones included.
func AllowConnections(t testing.TB, database string, allow bool) {
	t.Helper()
	alter(t, database, fmt.Sprintf("ALLOW_CONNECTIONS %t", allow))
}

// ReadOnly makes all transactions of a PostgreSQL database read-only, as on a
// server that has become a replica, or lets them write again.
func ReadOnly(t testing.TB, database string, on bool) {
	t.Helper()
	alter(t, database, fmt.Sprintf("SET default_transaction_read_only = %t", on))
}

// alter changes a database from outside, and ends the connections to it.
func alter(t testing.TB, database, change string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatalf("the database URL: %v", err)
	}
	name, admin := strings.TrimPrefix(u.Path, "/"), Postgres(t)
	execute(t, admin, fmt.Sprintf("ALTER DATABASE %s %s", name, change))
	execute(t, admin, fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'", name))
}
