package vault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// Access is what a process does with a database. Only Serve and Migrate create
// a database or migrate its schema.
type Access int

const (
	// Read changes nothing, and needs only the right to read.
	Read Access = iota
	// Write changes single runs and events.
	Write
	// Serve is for the one process that serves from an SQLite file, or for any
	// number of them on PostgreSQL.
	Serve
	// Migrate only creates a database, or migrates its schema.
	Migrate
)

// OpenSealed is Open with a file of encryption keys; without one, or when
// nothing is sealed, it is the same. A missing key is an error here rather
// than at the first event.
func OpenSealed(ctx context.Context, databaseURL, keyFile string, access Access) (store.Store, error) {
	return openSealed(ctx, keyFile, func() (store.Store, error) { return Open(ctx, databaseURL, access) })
}

// Serving is how a database is opened for the access Serve.
type Serving struct {
	// Tell is called for each step of a migration; it may be nil.
	Tell func(upgrade.Progress)
	// CacheBytes is how much memory SQLite may use; 0 means no limit.
	CacheBytes int64
}

// OpenServing is OpenSealed with the access Serve.
func OpenServing(ctx context.Context, databaseURL, keyFile string, o Serving) (store.Store, error) {
	return openSealed(ctx, keyFile, func() (store.Store, error) { return open(ctx, databaseURL, Serve, o) })
}

func openSealed(ctx context.Context, keyFile string, below func() (store.Store, error)) (store.Store, error) {
	var ring *keyRing
	if keyFile != "" {
		var err error
		if ring, err = openKeys(keyFile); err != nil {
			return nil, err
		}
	}
	inner, err := below()
	if err != nil {
		return nil, err
	}
	s := sealedStore{inner, ring}
	newest, err := inner.Events(ctx, event.EventFilter{Limit: 1})
	if err == nil && len(newest) > 0 {
		_, err = s.openRecord(newest[0], nil)
	}
	if err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	return s, nil
}

// Open opens the database that a URL names: sqlite:PATH or
// postgres://USER:PASSWORD@HOST/NAME.
func Open(ctx context.Context, databaseURL string, access Access) (store.Store, error) {
	return open(ctx, databaseURL, access, Serving{})
}

func open(ctx context.Context, databaseURL string, access Access, o Serving) (store.Store, error) {
	scheme, _, _ := strings.Cut(databaseURL, ":")
	switch scheme {
	case "sqlite":
		path, _ := sqlitePath(databaseURL)
		if path == "" {
			return nil, fmt.Errorf("database URL %q names no file; write sqlite:gavel.db or sqlite:/var/lib/gavel/gavel.db", databaseURL)
		}
		s, err := sqlite.Open(ctx, path, sqlite.Options{
			Exclusive: access == Serve, MustExist: access == Read || access == Write,
			ReadOnly: access == Read, KeepSchema: access == Write, Tell: o.Tell, CacheBytes: o.CacheBytes,
			PlainLog: strings.HasSuffix(databaseURL, plainLog),
		})
		if err != nil {
			return nil, err // not a store.Store with a nil pointer
		}
		return s, nil
	case "postgres", "postgresql":
		s, err := postgres.Open(ctx, databaseURL, postgres.Options{ReadOnly: access == Read, KeepSchema: access == Write, Tell: o.Tell})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return nil, fmt.Errorf("database URL %q is not understood; write sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME", RedactURL(databaseURL))
}

// RedactURL returns a database URL without its password, for messages.
func RedactURL(databaseURL string) string {
	if strings.HasPrefix(databaseURL, "sqlite:") {
		return databaseURL // a path, no password
	}
	u, err := url.Parse(databaseURL)
	scheme, _, found := strings.Cut(databaseURL, "://")
	switch {
	case err == nil && u.Scheme != "" && u.Host != "":
		u.RawQuery, u.Fragment = "", "" // they can contain a password
		return u.Redacted()
	case found:
		return scheme + "://…"
	case databaseURL == "":
		return ""
	}
	// Without a scheme it is not clear where a password is.
	return "…"
}
