// Package past reads every event: those in the database and those of the archive.
package past

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/archive"
	stored "github.com/gavel-rules/gavel/engine/past"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// Page is how many events or runs are read at a time.
const Page = 500

// Past is every event: those that are stored and, if there is an archive,
// those that have left the database.
type Past struct {
	store   store.Store
	shown   *privacy.Shown // the store with private fields hidden
	archive *archive.Dir   // nil: there is none
	last    *event.Line    // the archived event that Each is at; nil when it is stored
	runs    []*event.Run   // of that event
}

// Open returns the events of a database and of the archive in a folder, with
// private fields hidden; an empty folder means that there is no archive.
func Open(s store.Store, folder string, private privacy.Fields) (*Past, error) {
	shown := privacy.Show(s, private)
	p := &Past{store: s, shown: shown}
	return p, p.open(folder)
}

func (p *Past) open(folder string) (err error) {
	if folder == "" {
		return nil
	}
	if p.archive, err = archive.Open(folder); err != nil {
		return fmt.Errorf("%w; --archive must name the same folder as for serve", err)
	}
	return nil
}

// Each calls do for the events received in a period, oldest first and each
// once. Zero times mean no limit.
func (p *Past) Each(ctx context.Context, since, until time.Time, do func(*event.Record) error) error {
	if p.archive == nil {
		return stored.Stored{Store: p.shown}.Each(ctx, since, until, do)
	}
	// do may read the events of another time, for what a schedule reports on.
	last, runs := p.last, p.runs
	defer func() { p.last, p.runs = last, runs }()
	return p.archive.Each(ctx, p.shown, since, until, func(r *event.Record, line *event.Line) (err error) {
		if p.last, p.runs = line, nil; line != nil {
			if r, err = p.archived(r, line); err != nil {
				return err
			}
		}
		return do(r)
	})
}

// ArchivedUntil returns the end of the last archived day; the zero time when there
// is none.
func (p *Past) ArchivedUntil() (time.Time, error) {
	if p.archive == nil {
		return time.Time{}, nil
	}
	return p.archive.End()
}

// archived opens an event of the archive and notes its runs.
func (p *Past) archived(r *event.Record, line *event.Line) (*event.Record, error) {
	r, err := vault.FromArchive(p.store, r, line.RunList)
	p.runs = line.RunList
	if err != nil {
		return r, err
	}
	p.runs = p.shown.RunsOf(r, line.RunList)
	return p.shown.Record(r)
}

// Runs returns the runs of the event that Each is at, or those of the database
// that the filter selects.
func (p *Past) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	key, _ := event.ParseRef(f.EventID)
	if _, id := event.SplitKey(key); p.last != nil && id == p.last.ID {
		return p.runs, nil
	}
	return p.shown.Runs(ctx, f)
}

// Attempts returns the history of a run; none if it has left the database.
func (p *Past) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	if p.last != nil {
		return nil, nil
	}
	return p.shown.Attempts(ctx, runID)
}

// Archived returns the runs of the event that Each is at, if it is archived.
func (p *Past) Archived() []*event.Run { return p.runs }
