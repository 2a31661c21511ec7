package ledger

import (
	"bytes"

	"github.com/gavel-rules/gavel/event"
)

// MemoryColumns are the columns that ScanMemory reads, in its order.
const MemoryColumns = "key, name, kind, value, rule, updated, expires"

// ScanMemory reads MemoryColumns.
func ScanMemory(row Scanner) (r event.Remembered, err error) {
	var (
		value            []byte
		updated, expires int64
	)
	err = row.Scan(&r.Key, &r.Name, &r.Kind, &value, &r.Rule, &updated, &expires)
	r.Value, r.Updated, r.Expires = bytes.Clone(value), Time(updated), Time(expires)
	return r, err
}

// Remember makes the changes of a run, with what find returns as stored now,
// nil for nothing. It calls put with a value to store, or drop.
func Remember(p *event.Progress, find func(r *event.Remember) (*event.Remembered, error), put func(*event.Remembered) error, drop func(*event.Remember) error) error {
	for i := range p.Remember {
		r := &p.Remember[i]
		stored, err := find(r)
		if err != nil {
			return err
		}
		value, err := r.Next(stored, p.Run.Rule, p.Run.Updated)
		switch {
		case err != nil:
			return err
		case value != nil:
			err = put(value)
		case stored != nil:
			err = drop(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// AgainText counts the attempts that are the same as the one of AgainArgs. A
// commit whose answer is lost is stored again by the engine; its changes of
// memory must not be made again.
const AgainText = "SELECT count(*) FROM ~attempts WHERE rid = $1 AND action_id = $2 AND try = $3 AND started = $4 AND outcome = $5"

// AgainArgs are the arguments of AgainText after the row of the run, nil if p
// remembers nothing.
func AgainArgs(p *event.Progress) []any {
	if len(p.Remember) == 0 || len(p.Attempts) == 0 {
		return nil
	}
	a := &p.Attempts[len(p.Attempts)-1]
	return []any{a.ActionID, a.Try, Micros(a.Started), string(a.Outcome)}
}
