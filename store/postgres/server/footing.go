// Package server knows the PostgreSQL server as such: what its errors mean,
// whether a pooler stands in front of it, whether it keeps what it commits, and
// the tables that Gavel makes there.
package server

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// FootingOf looks at the server: at its clock, and at whether what it commits
// is safe. row reads one row, and clock is the caller's.
func FootingOf(row func(dest []any, text string) error, clock func() time.Time) (event.Footing, error) {
	var (
		f                event.Footing
		server           int64
		fsync, fullPages string
	)
	const text = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, current_setting('fsync'), current_setting('full_page_writes')`
	asked := clock()
	if err := row([]any{&server, &fsync, &fullPages}, text); err != nil {
		return f, fmt.Errorf("look at the server: %w", err)
	}
	answered := clock()
	// The server has looked between the two, and the benefit of the doubt goes
	// to the clocks.
	switch there := ledger.Time(server); {
	case there.Before(asked):
		f.ClockAhead = asked.Sub(there)
	case there.After(answered):
		f.ClockAhead = -there.Sub(answered)
	}
	if fsync == "off" {
		f.Unsafe = append(f.Unsafe, "PostgreSQL runs with fsync = off: when its machine or its power fails, acknowledged events are lost and the database may be damaged. "+
			"Set fsync = on in postgresql.conf and reload it.")
	}
	if fullPages == "off" {
		f.Unsafe = append(f.Unsafe, "PostgreSQL runs with full_page_writes = off: when its machine fails in the middle of a write, the database may be damaged. "+
			"Set full_page_writes = on, unless its file system never writes half a page (as ZFS).")
	}
	return f, nil
}
