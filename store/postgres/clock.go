package postgres

import (
	"context"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/postgres/server"
)

// Leases and due times use the clock of the server, which all processes share.
// The callers' own clocks may be wrong, or jump: so each statement that
// compares or stores such a time gets the caller's present time, and shifts
// the time by the difference. Differences up to a second are ignored, because
// the round trip takes time as well.

// shifted is SQL for a time of the caller converted to the server's clock. The
// parameter sent is the caller's present time.
func shifted(moment, sent string) string {
	return `(` + moment + `::bigint + ` + shift(sent) + `)`
}

// serverNow is SQL for the server's clock, in microseconds.
const serverNow = `(extract(epoch FROM statement_timestamp()) * 1000000)::bigint`

func shift(sent string) string {
	return `(CASE WHEN abs(` + serverNow + ` - ` + sent + `::bigint) > 1000000 THEN ` + serverNow + ` - ` + sent + `::bigint ELSE 0 END)`
}

// lease is shifted for the end of a lease; 0, for none, is kept.
func lease(until, sent string) string {
	return `(CASE WHEN ` + until + `::bigint = 0 THEN 0 ELSE ` + shifted(until, sent) + ` END)`
}

// soon is shifted for the due time of a pending run, which is relative to now.
// A waiting run waits for an absolute time.
func soon(due, status, sent string) string {
	return `(CASE WHEN ` + status + ` = 'pending' THEN ` + shifted(due, sent) + ` ELSE ` + due + `::bigint END)`
}

// atOnce is shifted for a due time that is not later than now.
func atOnce(due, now, sent string) string {
	return `(CASE WHEN ` + due + `::bigint <= ` + now + `::bigint THEN ` + shifted(due, sent) + ` ELSE ` + due + `::bigint END)`
}

// sent returns the parameter that shifted needs.
func (s *Store) sent() int64 { return ledger.Micros(s.clock()) }

// Footing returns the state of the server that the guarantees of this store
// depend on.
func (s *Store) Footing(ctx context.Context) (event.Footing, error) {
	return server.FootingOf(func(dest []any, text string) error { return s.row(ctx, dest, text) }, s.clock)
}
