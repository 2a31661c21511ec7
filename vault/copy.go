package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/transfer"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// CopyOptions say how to copy a database.
type CopyOptions struct {
	// KeepSource lets the source be served again afterwards; both then carry out
	// the same runs.
	KeepSource bool
	// Tell is called with the progress, unless it is nil.
	Tell func(transfer.Progress)
}

// Copy copies a database into an empty one, or continues to, and marks the source
// so that it is not served any more. It needs no encryption keys.
func Copy(ctx context.Context, from, to string, o CopyOptions) ([]transfer.Copied, error) {
	source, err := openTables(ctx, from, false)
	if err != nil {
		return nil, err
	}
	target, err := openTables(ctx, to, true)
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	t := transfer.Options{From: RedactURL(from), To: RedactURL(to), Tell: o.Tell}
	if !o.KeepSource {
		t.Mark = fmt.Sprintf("%s (%s)", t.To, time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	}
	copied, err := transfer.Copy(ctx, source, target, t)
	return copied, errors.Join(err, target.Close(), source.Close())
}

// UndoCopy lets a database be served again that was the source of a copy. It
// returns where it had been moved to, or an error if it was not.
func UndoCopy(ctx context.Context, databaseURL string) (moved string, err error) {
	side, err := openTables(ctx, databaseURL, false)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, side.Close()) }()
	notes, err := side.Notes(ctx)
	if err != nil {
		return "", err
	}
	if moved = notes[upgrade.NoteMoved]; moved == "" {
		return "", fmt.Errorf("%s was not moved; it can be served as it is", RedactURL(databaseURL))
	}
	return moved, side.SetNotes(ctx, map[string]string{upgrade.NoteMoved: ""})
}

func openTables(ctx context.Context, databaseURL string, target bool) (transfer.Side, error) {
	path, ok, err := storeOf(databaseURL)
	if err != nil {
		return nil, err
	}
	if ok {
		t, err := sqlite.OpenTables(ctx, path, target)
		if err != nil {
			return nil, err // not a transfer.Side with a nil pointer
		}
		return t, nil
	}
	t, err := postgres.OpenTables(ctx, databaseURL, target)
	if err != nil {
		return nil, err
	}
	return t, nil
}
