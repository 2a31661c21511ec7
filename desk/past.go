package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// pastPage is how many events or runs are read at a time.
const pastPage = 500

// Past is every event: those that are stored and, if there is an archive,
// those that have left the database.
type Past struct {
	store   store.Store
	look    privacy.Ledger // the store, perhaps with private fields hidden
	shown   *privacy.Shown // nil: nothing is hidden
	archive *archive.Dir   // nil: there is none
	last    *event.Line    // the archived event that Each is at; nil when it is stored
	runs    []*event.Run   // of that event
}

// OpenPast returns the events of a database and of the archive in a folder; an
// empty folder means that there is no archive.
func OpenPast(s store.Store, folder string) (*Past, error) {
	p := &Past{store: s, look: s}
	return p, p.open(folder)
}

// past returns all events, with private fields hidden.
func (d *Desk) past() (*Past, error) {
	shown := d.shown()
	p := &Past{store: d.Store, look: shown, shown: shown}
	return p, p.open(d.Archive)
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
		return p.eachStored(ctx, since, until, do)
	}
	return p.archive.Each(ctx, p.look, since, until, func(r *event.Record, line *event.Line) (err error) {
		if p.last, p.runs = line, nil; line != nil {
			if r, err = p.archived(r, line); err != nil {
				return err
			}
		}
		return do(r)
	})
}

// archivedUntil returns the end of the last archived day; the zero time when there
// is none.
func (p *Past) archivedUntil() (time.Time, error) {
	if p.archive == nil {
		return time.Time{}, nil
	}
	return p.archive.End()
}

// archived opens an event of the archive and notes its runs.
func (p *Past) archived(r *event.Record, line *event.Line) (*event.Record, error) {
	r, err := vault.FromArchive(p.store, r, line.RunList)
	p.runs = line.RunList
	if err != nil || p.shown == nil {
		return r, err
	}
	p.runs = p.shown.RunsOf(r, line.RunList)
	return p.shown.Record(r)
}

func (p *Past) eachStored(ctx context.Context, since, until time.Time, do func(*event.Record) error) error {
	f := event.EventFilter{Since: since, Until: until, OldestFirst: true, Limit: pastPage}
	for {
		records, err := p.look.Events(ctx, f)
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

// Runs returns the runs of the event that Each is at, or those of the database
// that the filter selects.
func (p *Past) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	key, _ := event.ParseRef(f.EventID)
	if _, id := event.SplitKey(key); p.last != nil && id == p.last.ID {
		return p.runs, nil
	}
	return p.look.Runs(ctx, f)
}

// Attempts returns the history of a run; none if it has left the database.
func (p *Past) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	if p.last != nil {
		return nil, nil
	}
	return p.look.Attempts(ctx, runID)
}

// Archived returns the runs of the event that Each is at, if it is archived.
func (p *Past) Archived() []*event.Run { return p.runs }
