// Package server handles the PostgreSQL server itself: what its errors mean,
// whether a pooler is in front of it, whether its settings keep committed
// data, and the tables that Gavel creates.
package server

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// FootingOf checks the server: its clock, and whether its settings keep
// committed data. row reads one row, and clock is the caller's.
func FootingOf(row func(dest []any, text string) error, clock func() time.Time) (event.Footing, error) {
	var (
		f                event.Footing
		server           int64
		fsync, fullPages string
	)
	const text = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, current_setting('fsync'), current_setting('full_page_writes')`
	asked := clock()
	if err := row([]any{&server, &fsync, &fullPages}, text); err != nil {
		return f, fmt.Errorf("check the server: %w", err)
	}
	answered := clock()
	// The server read its clock between the two; within that range the clocks
	// count as equal.
	switch there := ledger.Time(server); {
	case there.Before(asked):
		f.ClockAhead = asked.Sub(there)
	case there.After(answered):
		f.ClockAhead = -there.Sub(answered)
	}
	if fsync == "off" {
		f.Unsafe = append(f.Unsafe, "PostgreSQL runs with fsync = off: if its machine crashes or loses power, acknowledged events are lost and the database may be damaged. "+
			"Set fsync = on in postgresql.conf and reload it.")
	}
	if fullPages == "off" {
		f.Unsafe = append(f.Unsafe, "PostgreSQL runs with full_page_writes = off: if its machine crashes during a write, the database may be damaged. "+
			"Set full_page_writes = on, unless its file system never writes partial pages (like ZFS).")
	}
	return f, nil
}
