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
// nil for nothing. It calls put with a value to store, or drop. next is the
// action that the stored run is at: behind that of the attempt, the changes are
// stored already, and whoever lost the answer stores them again.
func Remember(p *event.Progress, next int, find func(r *event.Remember) (*event.Remembered, error), put func(*event.Remembered) error, drop func(*event.Remember) error) error {
	if last := len(p.Attempts) - 1; last >= 0 && next > p.Attempts[last].Action {
		return nil
	}
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
