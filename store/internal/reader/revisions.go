package reader

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Revision returns the sources of a rule set, or event.ErrNotFound.
func (r *Reader) Revision(ctx context.Context, revision string) ([]byte, error) {
	var sources []byte
	found, err := r.one(ctx, into(&sources), "SELECT sources FROM ~revisions WHERE revision = $1", revision)
	if err == nil && !found {
		err = missing("revision", revision)
	}
	if err != nil {
		return nil, fmt.Errorf("read revision: %w", err)
	}
	return sources, nil
}

// NewestRevision returns the rule set that was put in force last, or
// event.ErrNotFound.
func (r *Reader) NewestRevision(ctx context.Context) (*event.RevisionRecord, error) {
	var (
		newest event.RevisionRecord
		saved  int64
	)
	const text = "SELECT revision, sources, saved FROM ~revisions ORDER BY saved DESC, revision LIMIT 1"
	found, err := r.one(ctx, into(&newest.Revision, &newest.Sources, &saved), text)
	if err == nil && !found {
		err = missing("revision", "newest")
	}
	if err != nil {
		return nil, fmt.Errorf("read the newest revision: %w", err)
	}
	newest.Saved = ledger.Time(saved)
	return &newest, nil
}
