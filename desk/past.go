package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// pastPage is how many events or runs are read at a time.
const pastPage = 500

// Past is everything that came: what is stored and, if there is an archive,
// what has left the database.
type Past struct {
	store   store.Store
	archive *archive.Dir // nil: there is none
	last    *event.Line  // the archived event that Each is at; nil when it is stored
}

// OpenPast returns the events of a database and of the archive in a folder;
// an empty folder means that there is no archive.
func OpenPast(s store.Store, folder string) (*Past, error) {
	p := &Past{store: s}
	if folder == "" {
		return p, nil
	}
	var err error
	if p.archive, err = archive.Open(folder); err != nil {
		return nil, fmt.Errorf("%w; --archive names the folder that serve has been given", err)
	}
	return p, nil
}

// Each calls do for the events received in a time, oldest first and each once.
// Zero times mean no limit.
func (p *Past) Each(ctx context.Context, since, until time.Time, do func(*event.Record) error) error {
	if p.archive == nil {
		return p.eachStored(ctx, since, until, do)
	}
	return p.archive.Each(ctx, p.store, since, until, func(r *event.Record, line *event.Line) error {
		if p.last = line; line != nil {
			var err error
			if r, err = vault.FromArchive(p.store, r, line.RunList); err != nil {
				return err
			}
		}
		return do(r)
	})
}

func (p *Past) eachStored(ctx context.Context, since, until time.Time, do func(*event.Record) error) error {
	f := event.EventFilter{Since: since, Until: until, OldestFirst: true, Limit: pastPage}
	for {
		records, err := p.store.Events(ctx, f)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		for _, r := range records {
			if err := do(r); err != nil {
				return err
			}
			f.After = r.Seq
		}
		if len(records) < pastPage {
			return nil
		}
	}
}

// Runs returns the runs of the event that Each is at, or what the filter
// selects in the database.
func (p *Past) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	key, _ := event.ParseRef(f.EventID)
	if _, id := event.SplitKey(key); p.last != nil && id == p.last.ID {
		return p.last.RunList, nil
	}
	return p.store.Runs(ctx, f)
}

// Attempts returns the history of a run; none if it has left the database.
func (p *Past) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	if p.last != nil {
		return nil, nil
	}
	return p.store.Attempts(ctx, runID)
}

// Archived returns the runs of the event that Each is at, if it is archived.
func (p *Past) Archived() []*event.Run {
	if p.last == nil {
		return nil
	}
	return p.last.RunList
}
