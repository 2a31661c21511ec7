// Package yardstick is what Gavel is measured against: receivers that do the
// same work, or less, written by hand for this one purpose. It imports nothing
// of Gavel, so that nothing here gets faster or slower with it.
package yardstick

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// The roles in which a process can be started.
const (
	BareRole     = "serve-bare"
	SQLiteRole   = "serve-handwritten-sqlite"
	PostgresRole = "serve-handwritten-postgres"
	// SecretVariable holds the secret that signs events.
	SecretVariable = "BENCH_SECRET"
)

// Options are what a contender needs to know.
type Options struct {
	Role     string
	Address  string // where it listens
	Secret   string
	Database string // a file, or a URL of PostgreSQL; unused by Bare
	Sink     string // the URL that actions are posted to; unused by Bare
}

// Is reports whether the arguments of a program ask for a contender.
func Is(args []string) bool {
	return len(args) > 0 && (args[0] == BareRole || args[0] == SQLiteRole || args[0] == PostgresRole)
}

// Parse reads the arguments that Options.Args has made.
func Parse(args []string, secret string) (Options, error) {
	if len(args) != 4 {
		return Options{}, errors.New("a contender needs a role, an address, a database and a sink")
	}
	return Options{Role: args[0], Address: args[1], Database: args[2], Sink: args[3], Secret: secret}, nil
}

// Args are the arguments that start the contender.
func (o Options) Args() []string { return []string{o.Role, o.Address, o.Database, o.Sink} }

// Serve runs a contender until ctx ends.
func Serve(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		handler http.Handler
		wait    = func() error { return nil }
		err     error
	)
	switch o.Role {
	case BareRole:
		handler = Bare([]byte(o.Secret))
	case SQLiteRole:
		handler, wait, err = openSQLite(ctx, o)
	case PostgresRole:
		handler, wait, err = openPostgres(ctx, o)
	default:
		err = fmt.Errorf("there is no contender %q", o.Role)
	}
	if err != nil {
		return err
	}
	server := &http.Server{Addr: o.Address, Handler: handler}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err = server.ListenAndServe()
	cancel()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, wait())
}
