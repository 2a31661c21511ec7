package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Pauses returns what is paused, sorted by key.
func (r *Reader) Pauses(ctx context.Context) ([]event.Pause, error) {
	list, err := all(ctx, r.each, ledger.ScanPause, r.dialect.sql("SELECT "+ledger.PauseColumns+" FROM ~pauses ORDER BY key"))
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	return list, nil
}

// SetAside counts the runs that pauses hold, sorted by key.
func (r *Reader) SetAside(ctx context.Context, lapsed time.Time) ([]event.SetAside, error) {
	text := r.dialect.sql("SELECT paused_by, count(*), count(CASE WHEN " + r.dialect.isTrue("lapses") + ` AND due < $1 THEN 1 END)
		FROM ~runs` + r.dialect.by("runs_paused") + " WHERE paused_by IS NOT NULL GROUP BY paused_by ORDER BY paused_by")
	list, err := all(ctx, r.each, func(row ledger.Scanner) (s event.SetAside, err error) {
		err = row.Scan((*string)(&s.Key), &s.Runs, &s.Past)
		return s, err
	}, text, ledger.Micros(lapsed))
	if err != nil {
		return nil, fmt.Errorf("count the runs that are held: %w", err)
	}
	return list, nil
}

// Unpaused returns the SQL of the keys that hold runs without being paused, one
// lookup in the index for each key that holds any.
func (d Dialect) Unpaused() string {
	return d.sql(`WITH RECURSIVE held(key) AS (
		SELECT min(paused_by) FROM ~runs` + d.by("runs_paused") + ` WHERE paused_by IS NOT NULL
		UNION ALL
		SELECT (SELECT min(paused_by) FROM ~runs` + d.by("runs_paused") + ` WHERE paused_by IS NOT NULL AND paused_by > held.key) FROM held WHERE held.key IS NOT NULL)
	SELECT key FROM held WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ~pauses p WHERE p.key = held.key)`)
}

// FreeOne returns the SQL that frees up to $2 runs held by the key $1, oldest
// due first. Runs that another process has locked are left to it.
func (d Dialect) FreeOne() string {
	return d.sql(`UPDATE ~runs SET held = ` + d.never + `, paused_by = NULL, lapses = ` + d.never + ` WHERE rid IN (
		SELECT rid FROM ~runs` + d.by("runs_paused") + ` WHERE paused_by = $1 ORDER BY due LIMIT $2` + d.skip + `)`)
}
