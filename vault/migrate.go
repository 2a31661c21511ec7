package vault

import (
	"context"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// Upgrade creates the tables of a database, or migrates its schema as o says,
// and nothing else.
func Upgrade(ctx context.Context, databaseURL string, o upgrade.Options) error {
	path, ok, err := storeOf(databaseURL)
	switch {
	case err != nil:
		return err
	case ok:
		return sqlite.Upgrade(ctx, path, o)
	}
	return postgres.Upgrade(ctx, databaseURL, o)
}

// PlanUpgrade says what Upgrade would do. It changes nothing.
func PlanUpgrade(ctx context.Context, databaseURL string, to int64) (*upgrade.Report, error) {
	path, ok, err := storeOf(databaseURL)
	switch {
	case err != nil:
		return nil, err
	case ok:
		return sqlite.PlanUpgrade(ctx, path, to)
	}
	return postgres.PlanUpgrade(ctx, databaseURL, to)
}

// storeOf tells a file of SQLite from a PostgreSQL server.
func storeOf(databaseURL string) (path string, file bool, err error) {
	path, file = sqlitePath(databaseURL)
	scheme, _, _ := strings.Cut(databaseURL, ":")
	switch {
	case file && path == "":
		return "", false, fmt.Errorf("database URL %q names no file; write sqlite:gavel.db or sqlite:/var/lib/gavel/gavel.db", databaseURL)
	case file, scheme == "postgres", scheme == "postgresql":
		return path, file, nil
	}
	return "", false, fmt.Errorf("database URL %q is not understood; write sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME", RedactURL(databaseURL))
}
