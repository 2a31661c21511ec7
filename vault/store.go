package vault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// Store is everything that Gavel asks of a database: what the engine needs,
// and what the command line and the console show and change.
type Store interface {
	engine.Store

	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	Counts(ctx context.Context) (event.Counts, error)
	// Tallies returns what happened since, counted by spans of
	// event.TallyWidth, oldest first.
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
	// Standing tells where a window stands for an event, which need not be
	// stored (then its Seq is 0). It changes nothing.
	Standing(ctx context.Context, w event.Window, here event.Occurrence) (*event.Standing, error)
	// Index makes up to limit more events known to Search, and returns how many
	// there were. Search returns the numbers of up to limit events after one
	// number and before another (0 is beyond all) that fit, newest first, and
	// upTo which number it knows all.
	Index(ctx context.Context, limit int) (int, error)
	Search(ctx context.Context, what event.Search, after, before int64, limit int) (seqs []int64, upTo int64, err error)
	// NewestRevision returns the rule set that was put into force last, or
	// event.ErrNotFound. Activity tells by rule what ran, sorted by name; it
	// looks at every run that is stored.
	NewestRevision(ctx context.Context) (*event.RevisionRecord, error)
	Activity(ctx context.Context) ([]event.RuleActivity, error)
	// EventHours returns when the first event came in each hour since then that
	// brought one, oldest first.
	EventHours(ctx context.Context, since time.Time) ([]time.Time, error)

	// Footing tells what the store's promises rest on.
	Footing(ctx context.Context) (event.Footing, error)
	// ObserveCommits names the one that is told how many acceptances and records
	// shared each commit, and how long the transaction took.
	ObserveCommits(listener func(operations int, took time.Duration))

	// Replay starts runs for a stored event, all of them or none; it answers
	// event.ErrNotFound for another.
	Replay(ctx context.Context, r event.Replay) (event.ReplayReceipt, error)

	// RetryRun makes an ended run due again, CancelRun ends one that has not,
	// RunNow makes a sleeping one due. All answer event.ErrNotFound or, when
	// the run's state does not allow it, event.ErrConflict.
	RetryRun(ctx context.Context, id string, now time.Time, reason string) error
	CancelRun(ctx context.Context, id string, now time.Time, reason string) error
	RunNow(ctx context.Context, id string, now time.Time, reason string) error

	// MoveRevision lets a waiting run go on under another revision of its rule.
	MoveRevision(ctx context.Context, id, revision string, next int, due time.Time, reason string, now time.Time) error

	// Erase replaces the body of an event and takes out what its runs sent and
	// got, or answers event.ErrNotFound.
	Erase(ctx context.Context, eventID string, body []byte, reason string) error
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	// Prunable lists what Prune would delete, by Place; PruneEvents deletes
	// those of the given events that may still go, PruneRest what outlived
	// them. Exclusive gives a name to one process at a time.
	Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error)
	PruneEvents(ctx context.Context, events []event.Ref) (int, error)
	PruneRest(ctx context.Context, before time.Time) error
	Exclusive(ctx context.Context, name string) (release func(), ok bool, err error)
	// Backup writes a copy of the store as it is at one moment into a file that
	// does not exist or is empty.
	Backup(ctx context.Context, file string) error
	Close() error
}

// Access is what a process wants of a database. Only one that serves, or that
// migrates, makes a database or brings its schema up to date.
type Access int

const (
	// Read changes nothing, and does with the right to read.
	Read Access = iota
	// Write changes single runs and events.
	Write
	// Serve is for the one process that serves from an SQLite file, or for any
	// number of them on PostgreSQL.
	Serve
	// Migrate only makes a database, or brings it up to date.
	Migrate
)

// OpenSealed is Open with a file of encryption keys; without one, or
// when nothing is sealed, it is the same. What is sealed with a key that is
// not in the file is an error here already rather than at the first event.
func OpenSealed(ctx context.Context, databaseURL, keyFile string, access Access) (Store, error) {
	var ring *keyRing
	if keyFile != "" {
		var err error
		if ring, err = openKeys(keyFile); err != nil {
			return nil, err
		}
	}
	inner, err := Open(ctx, databaseURL, access)
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
func Open(ctx context.Context, databaseURL string, access Access) (Store, error) {
	scheme, _, _ := strings.Cut(databaseURL, ":")
	switch scheme {
	case "sqlite":
		path, _ := sqlitePath(databaseURL)
		if path == "" {
			return nil, fmt.Errorf("database URL %q names no file; write sqlite:gavel.db or sqlite:/var/lib/gavel/gavel.db", databaseURL)
		}
		s, err := sqlite.Open(ctx, path, sqlite.Options{
			Exclusive: access == Serve, MustExist: access == Read || access == Write,
			ReadOnly: access == Read, KeepSchema: access == Write,
		})
		if err != nil {
			return nil, err // and not a Store that holds a nil pointer
		}
		return s, nil
	case "postgres", "postgresql":
		s, err := postgres.Open(ctx, databaseURL, postgres.Options{ReadOnly: access == Read, KeepSchema: access == Write})
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
		return databaseURL // holds a path and no password
	}
	u, err := url.Parse(databaseURL)
	scheme, _, found := strings.Cut(databaseURL, "://")
	switch {
	case err == nil && u.Scheme != "" && u.Host != "":
		u.RawQuery, u.Fragment = "", "" // a password can stand there as well
		return u.Redacted()
	case found:
		return scheme + "://…"
	case databaseURL == "":
		return ""
	}
	// Without a scheme nothing tells where a password would stand.
	return "…"
}
