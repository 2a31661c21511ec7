// Package memories reads and writes what rules remember, within a transaction of
// the store that records runs.
package memories

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/reader"
)

// Book is what is remembered with the keys that a transaction changes. It
// contains the changes made so far, so that runs recorded together see each
// other's.
type Book struct{ known map[place]*event.Remembered }

type place struct {
	key  event.MemoryKey
	name string
}

const loadText = "SELECT " + ledger.MemoryColumns + " FROM gavel_memories WHERE key = ANY($1::text[])"

// Load reads what is stored with some keys. The transaction must hold the locks
// of the keys.
func (b *Book) Load(batch *pgx.Batch, keys []string) {
	b.known = map[place]*event.Remembered{}
	if len(keys) == 0 {
		return
	}
	batch.Queue(loadText, keys).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			r, err := ledger.ScanMemory(rows)
			if err != nil {
				return err
			}
			b.known[place{r.Key, r.Name}] = &r
		}
		return rows.Err()
	})
}

// Remember writes what a run of an event remembers.
func (b *Book) Remember(out *pgx.Batch, p *event.Progress, eventSeq int64) error {
	find := func(c *event.Remember) (*event.Remembered, error) { return b.known[place{c.Key, c.Name}], nil }
	put := func(r *event.Remembered) error {
		b.known[place{r.Key, r.Name}] = r
		out.Queue(ours(reader.PutMemory), reader.PutMemoryArgs(r, eventSeq)...)
		return nil
	}
	return ledger.Remember(p, find, put, func(c *event.Remember) error {
		delete(b.known, place{c.Key, c.Name})
		out.Queue(ours(reader.DropMemory), string(c.Key), c.Name)
		return nil
	})
}

func ours(text string) string { return strings.ReplaceAll(text, "~", "gavel_") }

// Statements that delete what is remembered.
const (
	Erase = `DELETE FROM gavel_memories WHERE event_seq = (SELECT seq FROM gavel_events WHERE id = $1)
		OR key = (SELECT 'meeting/' || meeting FROM gavel_events WHERE id = $1)`
	// Forget deletes that of meetings whose last events these are.
	Forget = `DELETE FROM gavel_memories WHERE key IN (SELECT 'meeting/' || e.meeting FROM gavel_events e WHERE e.seq = ANY($1::bigint[])
		AND NOT EXISTS (SELECT 1 FROM gavel_events o WHERE o.meeting = e.meeting AND o.seq <> ALL($1::bigint[])))`
	Prune = `DELETE FROM gavel_memories WHERE (key, name) IN
		(SELECT key, name FROM gavel_memories WHERE expires > 0 AND expires <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`
)
