package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
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

// forgetTallies sums up old counts by day when a new span begins, on the connection
// that has counted. After an error the next span does it.
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
	_, _ = conn.Exec(ctx, sumUpTallies, ledger.OldestSpan(newest), ledger.SpansPerDay, ledger.SpansPerHour, string(event.TallyCalls), string(event.TallyFailures))
	_, _ = conn.Exec(ctx, "DELETE FROM gavel_hourly WHERE hour < $1", ledger.OldestHour(newest))
	_, _ = conn.Exec(ctx, "DELETE FROM gavel_daily WHERE day < $1", ledger.OldestDay(newest))
}

// sumUpTallies makes counts by day, and those of connections by hour, of those that
// are too old for spans. It is one
// statement: of several processes, each row goes to one.
const sumUpTallies = `WITH old AS (DELETE FROM gavel_tallies WHERE span < $1 RETURNING span, kind, name, detail, n),
	hours AS (INSERT INTO gavel_hourly AS h (hour, kind, name, n)
		SELECT span / $3, kind, name, sum(n)::bigint FROM old WHERE kind IN ($4, $5) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
		ON CONFLICT (hour, kind, name) DO UPDATE SET n = h.n + excluded.n)
	INSERT INTO gavel_daily AS d (day, kind, name, detail, n)
	SELECT span / $2, kind, name, detail, sum(n)::bigint FROM old GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
	ON CONFLICT (day, kind, name, detail) DO UPDATE SET n = d.n + excluded.n`

// SaveFacts stores a block, unless its events have changed meanwhile. It also
// deletes blocks a little below that lack an event, which appeared late.
func (s *Store) SaveFacts(ctx context.Context, f event.Facts, erasures int64) (ok bool, err error) {
	err = s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		// Whoever erases or deletes events waits for this row, and so deletes a
		// block that is saved before.
		var now int64
		const lock = `SELECT value FROM gavel_marks WHERE name = $1 FOR UPDATE`
		if err := tx.QueryRow(ctx, lock, ledger.ErasedMark).Scan(&now); err != nil || now != erasures {
			ok = false
			return err
		}
		const late = `DELETE FROM gavel_facts f WHERE f.block >= $1 AND f.block < $2
			AND f.events <> (SELECT count(*) FROM gavel_events e WHERE e.seq >= f.block * $3 AND e.seq < (f.block + 1) * $3)`
		if _, err := tx.Exec(ctx, late, f.Block-stragglers/event.FactsWidth, f.Block, int64(event.FactsWidth)); err != nil {
			return err
		}
		const text = `INSERT INTO gavel_facts (block, events, newest, data) SELECT $1::bigint, $2::integer, $3::bigint, $4::bytea
			WHERE $2::integer = (SELECT count(*) FROM gavel_events WHERE seq >= $5 AND seq < $6)
			ON CONFLICT (block) DO UPDATE SET events = excluded.events, newest = excluded.newest, data = excluded.data`
		done, err := tx.Exec(ctx, text, f.Block, f.Events, ledger.Micros(f.Newest), slices.Concat([]byte{}, f.Data), f.Block*event.FactsWidth, (f.Block+1)*event.FactsWidth)
		ok = done.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("save facts: %w", err)
	}
	return ok, nil
}

// forgetFacts deletes the block of an event that is erased.
func forgetFacts(ctx context.Context, tx pgx.Tx, id string) error {
	if _, err := tx.Exec(ctx, `UPDATE gavel_marks SET value = value + 1 WHERE name = $1`, ledger.ErasedMark); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM gavel_facts WHERE block = (SELECT seq FROM gavel_events WHERE id = $1) / $2`, id, int64(event.FactsWidth))
	return err
}

// queueForgetFacts deletes the blocks of deleted events. It must come last: others
// wait for the mark until the commit.
func queueForgetFacts(b *pgx.Batch, seqs []int64) {
	var blocks []int64
	for _, seq := range seqs {
		blocks = append(blocks, seq/event.FactsWidth)
	}
	slices.Sort(blocks)
	b.Queue(`UPDATE gavel_marks SET value = value WHERE name = $1`, ledger.ErasedMark)
	b.Queue(`DELETE FROM gavel_facts WHERE block = ANY($1::bigint[])`, slices.Compact(blocks))
}
