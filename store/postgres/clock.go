package postgres

import (
	"context"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/postgres/server"
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
	return server.FootingOf(func(dest []any, text string) error { return s.row(ctx, dest, text) }, s.clock)
}
