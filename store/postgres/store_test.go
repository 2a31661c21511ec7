package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	admin := server(t)
	storetest.Run(t, func(t *testing.T) storetest.Database {
		database := create(t, admin)
		return func(t *testing.T) storetest.Store { return open(t, database) }
	})
}

// server returns the URL of a database in which others can be created.
func server(t testing.TB) string {
	t.Helper()
	admin := os.Getenv("GAVEL_TEST_POSTGRES")
	switch {
	case admin != "":
	case os.Getenv("CI") != "":
		t.Fatal("GAVEL_TEST_POSTGRES is not set: the PostgreSQL store would go untested")
	default:
		t.Skip("!!! NOT TESTED: set GAVEL_TEST_POSTGRES to the URL of an admin database to test the PostgreSQL store")
	}
	return admin
}

// create makes an empty database that goes away with the test.
func create(t testing.TB, admin string) string {
	t.Helper()
	name := fmt.Sprintf("gavel_test_%016x", rand.Uint64())
	administer(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { administer(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func administer(t testing.TB, admin, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Error(err)
	}
}

func open(t testing.TB, database string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), database, postgres.Options{})
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

// TestExclusive lets one of two processes have a name at a time.
func TestExclusive(t *testing.T) {
	t.Parallel()
	database := create(t, server(t))
	one, two := open(t, database), open(t, database)
	take := func(s storetest.Store, want bool) func() {
		t.Helper()
		release, ok, err := s.Exclusive(t.Context(), "archive")
		if err != nil || ok != want {
			t.Fatalf("the name is given: %v, %v; want %v", ok, err, want)
		}
		return release
	}
	release := take(one, true)
	take(two, false)
	release()
	take(two, true)()
}
