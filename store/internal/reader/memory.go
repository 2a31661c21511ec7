package reader

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Memories returns what is remembered with some keys, sorted by key and name.
// It includes what has expired and is not deleted yet.
func (r *Reader) Memories(ctx context.Context, keys []event.MemoryKey) ([]event.Remembered, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	places, args := make([]string, len(keys)), make([]any, len(keys))
	for i, key := range keys {
		places[i], args[i] = fmt.Sprintf("$%d", i+1), string(key)
	}
	text := "SELECT " + ledger.MemoryColumns + " FROM ~memories WHERE key IN (" + strings.Join(places, ", ") + ") ORDER BY key, name"
	list, err := all(ctx, r.each, ledger.ScanMemory, r.dialect.sql(text), args...)
	if err != nil {
		return nil, fmt.Errorf("read memory: %w", err)
	}
	return list, nil
}

// Remember stores what a run of an event remembers, after its attempts.
func (d Dialect) Remember(tx Writer, p *event.Progress, row, eventSeq int64) error {
	if args := ledger.AgainArgs(p); args != nil {
		var same int
		if err := tx.One([]any{&same}, d.sql(ledger.AgainText), append([]any{row}, args...)...); err != nil || same > 1 {
			return err
		}
	}
	find := func(c *event.Remember) (*event.Remembered, error) {
		var (
			r       = event.Remembered{Key: c.Key, Name: c.Name}
			value   []byte
			expires int64
		)
		err := tx.One([]any{&r.Kind, &value, &expires}, d.sql("SELECT kind, value, expires FROM ~memories WHERE key = $1 AND name = $2"), string(c.Key), c.Name)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		r.Value, r.Expires = value, ledger.Time(expires)
		return &r, err
	}
	put := func(r *event.Remembered) error {
		_, err := tx.Exec(d.sql(PutMemory), PutMemoryArgs(r, eventSeq)...)
		return err
	}
	return ledger.Remember(p, find, put, func(c *event.Remember) error {
		_, err := tx.Exec(d.sql(DropMemory), string(c.Key), c.Name)
		return err
	})
}

// Statements that change what is remembered.
const (
	PutMemory = `INSERT INTO ~memories (key, name, kind, value, rule, event_seq, updated, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (key, name) DO UPDATE SET kind = excluded.kind, value = excluded.value, rule = excluded.rule,
		event_seq = excluded.event_seq, updated = excluded.updated, expires = excluded.expires`
	DropMemory = "DELETE FROM ~memories WHERE key = $1 AND name = $2"
)

// PutMemoryArgs are the arguments of PutMemory.
func PutMemoryArgs(r *event.Remembered, eventSeq int64) []any {
	return []any{string(r.Key), r.Name, r.Kind, []byte(r.Value), r.Rule, eventSeq, ledger.Micros(r.Updated), ledger.Micros(r.Expires)}
}

// EraseMemory deletes what the runs of an event remembered last, and all that is
// remembered with its meeting.
func (d Dialect) EraseMemory(tx Writer, eventKey string) error {
	const text = `DELETE FROM ~memories WHERE event_seq = (SELECT seq FROM ~events WHERE id = $1)
		OR key = (SELECT 'meeting/' || meeting FROM ~events WHERE id = $1)`
	_, err := tx.Exec(d.sql(text), eventKey)
	return err
}

// PruneMemory deletes up to limit values that have expired, and returns how
// many.
func (d Dialect) PruneMemory(tx Writer, now time.Time, limit int) (int, error) {
	const text = `DELETE FROM ~memories WHERE (key, name) IN (SELECT key, name FROM ~memories WHERE expires > 0 AND expires <= $1 LIMIT $2)`
	n, err := tx.Exec(d.sql(text), ledger.Micros(now), limit)
	return int(n), err
}

// Mark returns the value of a mark; empty if there is none.
func (r *Reader) Mark(ctx context.Context, name string) (value string, err error) {
	if _, err = r.one(ctx, into(&value), "SELECT value FROM ~told WHERE name = $1", ledger.Clean(name)); err != nil {
		return "", fmt.Errorf("read mark %s: %w", name, err)
	}
	return value, nil
}

// SetMark sets a mark; an empty value deletes it.
func (d Dialect) SetMark(tx Writer, name, value string) error {
	if value == "" {
		_, err := tx.Exec(d.sql("DELETE FROM ~told WHERE name = $1"), ledger.Clean(name))
		return err
	}
	const put = "INSERT INTO ~told (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	_, err := tx.Exec(d.sql(put), ledger.Clean(name), ledger.Clean(value))
	return err
}
