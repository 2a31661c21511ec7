package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// A count is spread over several rows, so that transactions seldom wait for each
// other's. Every process has a random group of them, which its transactions use
// in turn.
const (
	tallyGroups = 16
	tallyGroup  = committers
)

// slot is the row for the counts of one transaction.
func (s *Store) slot() int {
	return s.tallies*tallyGroup + int(s.counted.Add(1)%tallyGroup)
}

const addTallies = `INSERT INTO gavel_tallies AS t (span, kind, name, detail, slot, n)
	SELECT c.span, c.kind, c.name, c.detail, $6, c.n
	FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS c(span, kind, name, detail, n)
	ON CONFLICT (span, kind, name, detail, slot) DO UPDATE SET n = t.n + excluded.n`

// queueTallies adds what a transaction has counted. It must come last: others
// wait for these rows until the commit.
func queueTallies(b *pgx.Batch, tallies ledger.Tallies, slot int) {
	if len(tallies) == 0 {
		return
	}
	var (
		spans, counts        []int64
		kinds, names, detail []string
	)
	for _, k := range tallies.Sorted() {
		spans, counts = append(spans, k.Span), append(counts, tallies[k])
		kinds, names, detail = append(kinds, string(k.Kind)), append(names, k.Name), append(detail, k.Detail)
	}
	b.Queue(addTallies, spans, kinds, names, detail, counts, slot)
}

// forgetTallies deletes old counts when a new span begins, on the connection
// that has counted. After an error the next span deletes them.
func (s *Store) forgetTallies(ctx context.Context, conn *pgx.Conn, tallies ledger.Tallies) {
	newest := int64(0)
	for k := range tallies {
		newest = max(newest, k.Span)
	}
	for {
		known := s.newestSpan.Load()
		if newest <= known {
			return
		}
		if s.newestSpan.CompareAndSwap(known, newest) {
			break
		}
	}
	_, _ = conn.Exec(ctx, "DELETE FROM gavel_tallies WHERE span < $1", ledger.OldestSpan(newest))
}
