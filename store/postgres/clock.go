package postgres

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Leases and due times are by the clock of the server, which all processes
// share. Callers have clocks of their own, and theirs may be wrong, or jump: so
// each statement that compares or stores such a time carries what the caller's
// clock says, and shifts the time by how far that is off. Up to a second is
// left alone, because the way to the server takes time as well.

// shifted is SQL for a time of the caller, in the server's clock. The parameter
// sent is what the caller's clock says.
func shifted(moment, sent string) string {
	return `(` + moment + `::bigint + ` + shift(sent) + `)`
}

func shift(sent string) string {
	const server = `(extract(epoch FROM statement_timestamp()) * 1000000)::bigint`
	return `(CASE WHEN abs(` + server + ` - ` + sent + `::bigint) > 1000000 THEN ` + server + ` - ` + sent + `::bigint ELSE 0 END)`
}

// lease is shifted for the end of a lease; 0, for none, stays.
func lease(until, sent string) string {
	return `(CASE WHEN ` + until + `::bigint = 0 THEN 0 ELSE ` + shifted(until, sent) + ` END)`
}

// soon is shifted for the due time of a run that is pending, which is reckoned
// from now. One that waits does so until a time of the world.
func soon(due, status, sent string) string {
	return `(CASE WHEN ` + status + ` = 'pending' THEN ` + shifted(due, sent) + ` ELSE ` + due + `::bigint END)`
}

// atOnce is shifted for a due time that is not later than now.
func atOnce(due, now, sent string) string {
	return `(CASE WHEN ` + due + `::bigint <= ` + now + `::bigint THEN ` + shifted(due, sent) + ` ELSE ` + due + `::bigint END)`
}

// sent is the parameter that shifted needs.
func (s *Store) sent() int64 { return ledger.Micros(s.clock()) }

// Footing tells what the promises of this store rest on.
func (s *Store) Footing(ctx context.Context) (event.Footing, error) {
	var (
		f                event.Footing
		server           int64
		fsync, fullPages string
	)
	const text = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, current_setting('fsync'), current_setting('full_page_writes')`
	asked := s.clock()
	if err := s.row(ctx, []any{&server, &fsync, &fullPages}, text); err != nil {
		return f, fmt.Errorf("look at the server: %w", err)
	}
	answered := s.clock()
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
