package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/bench/process"
)

const serverVariable = "GAVEL_TEST_POSTGRES"

// errNoServer says how to get a PostgreSQL.
var errNoServer = errors.New(serverVariable + " is not set; run with a private PostgreSQL: " +
	"GAVEL_POSTGRES_DURABLE=1 scripts/with-services go run ./bench")

// database is one that the benchmark has made.
type database struct {
	url  string
	name string
}

// createDatabase makes an empty database on the server of the environment.
func createDatabase(ctx context.Context) (*database, error) {
	server := os.Getenv(serverVariable)
	if server == "" {
		return nil, errNoServer
	}
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL", serverVariable)
	}
	db := &database{name: "gavel_bench_" + strings.ToLower(rand.Text())}
	if err := administer(ctx, server, "CREATE DATABASE "+db.name); err != nil {
		return nil, err
	}
	u.Path = "/" + db.name
	db.url = u.String()
	return db, nil
}

func (db *database) drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return administer(ctx, os.Getenv(serverVariable), "DROP DATABASE "+db.name+" WITH (FORCE)")
}

// administer runs one statement over a connection of its own.
func administer(ctx context.Context, databaseURL, statement string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// checkServer returns a remark if the server's answers are not on disk, which
// makes its figures worth little beside those of SQLite.
func checkServer(ctx context.Context) (note string, err error) {
	server := os.Getenv(serverVariable)
	if server == "" {
		return "", errNoServer
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	var durable bool
	const text = "SELECT current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'"
	err = conn.QueryRow(ctx, text).Scan(&durable)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return "", fmt.Errorf("ask PostgreSQL for its settings: %w", err)
	}
	if !durable {
		note = "PostgreSQL does not wait for the disk here, unlike SQLite: for figures that compare, set GAVEL_POSTGRES_DURABLE=1 for scripts/with-services"
	}
	return note, nil
}

// serverCPU returns the processor time that all processes of the server have
// used so far. It must run on this machine.
func serverCPU(ctx context.Context) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, os.Getenv(serverVariable))
	if err != nil {
		return 0, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	var pid int
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid)
	var used time.Duration
	if err == nil {
		used, err = process.FamilyCPU(pid, "postgres")
	}
	return used, errors.Join(err, conn.Close(ctx))
}
