package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

const selectEvent = "SELECT " + ledger.EventColumns + " FROM ~events e "

// Event returns one stored event, or event.ErrNotFound.
func (r *Reader) Event(ctx context.Context, ref string) (*event.Record, error) {
	key, err := r.key(ctx, "event", "id", ref)
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	rec, err := r.event(ctx, "event", ref, "WHERE e.id = $1", key)
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	return rec, nil
}

func (r *Reader) event(ctx context.Context, what, id, where string, args ...any) (rec *event.Record, err error) {
	found, err := r.one(ctx, func(row ledger.Scanner) (err error) {
		rec, err = ledger.ScanEvent(row)
		return err
	}, selectEvent+where, args...)
	if err == nil && !found {
		err = missing(what, id)
	}
	return rec, err
}

// EventKey returns the key of a stored event given as ORG/ID, /ID or an id
// alone. The error is event.ErrNotFound, or event.ErrConflict when several
// organizations use the id.
func EventKey(ctx context.Context, r *Reader, ref string) (string, error) {
	return r.key(ctx, "event", "id", ref)
}

// key returns the key of an event or meeting given in one of these forms.
func (r *Reader) key(ctx context.Context, what, column, ref string) (string, error) {
	if key, exact := event.ParseRef(ref); exact {
		var known bool
		_, err := r.one(ctx, into(&known), "SELECT EXISTS (SELECT 1 FROM ~events WHERE "+column+" = $1)", key)
		if err != nil || known {
			return key, err
		}
	}
	bare := r.dialect.sql("SELECT DISTINCT " + column + " FROM ~events e WHERE " + r.dialect.Bare("e."+column) + " = $1 LIMIT 5")
	keys, err := all(ctx, r.each, value[string], bare, ref)
	switch {
	case err != nil:
		return "", err
	case len(keys) == 0:
		return "", missing(what, ref)
	case len(keys) > 1:
		return "", event.Ambiguous(what, ref, keys)
	}
	return keys[0], nil
}

// Events returns the events that the filter selects. Two processes number
// their events concurrently, so a list by After can miss one that is still
// being stored.
func (r *Reader) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	types, err := r.types(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	more := false
	if f.Bytes > 0 && r.dialect.size != "" {
		text, args := r.dialect.events(f, types, r.dialect.size)
		if f.Limit, more, err = r.fit(ctx, f.Bytes, r.list, text, args...); err != nil {
			return nil, fmt.Errorf("list events: %w", err)
		}
	}
	text, args := r.dialect.events(f, types, ledger.EventColumns)
	scan := ledger.ScanEvent
	if f.Raw {
		scan = ledger.ScanRaw
	}
	list, err := r.upTo(ctx, f.Bytes, r.list, scan, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	if more && len(list) > 0 {
		list[len(list)-1].Cut = true
	}
	return list, nil
}

// errFull ends a list early.
var errFull = errors.New("the list is full")

// fit returns how many of the events whose sizes a statement lists fit into that
// many bytes, at least 1, and whether there are more. It is for a server, which would
// send all that it was asked for.
func (r *Reader) fit(ctx context.Context, most int, each Each, text string, args ...any) (n int, more bool, err error) {
	sizes, err := all(ctx, each, value[int64], text, args...)
	total := 0
	for n < len(sizes) && total < most {
		total += int(sizes[n])
		n++
	}
	return max(n, 1), n < len(sizes), err
}

// upTo is all for events; unless most is 0, it ends with the event with which the
// bodies have that many bytes.
func (r *Reader) upTo(ctx context.Context, most int, each Each, scan func(ledger.Scanner) (*event.Record, error), text string, args ...any) ([]*event.Record, error) {
	var list []*event.Record
	size := 0
	err := each(ctx, func(row ledger.Scanner) error {
		if most > 0 && size >= most {
			list[len(list)-1].Cut = true
			return errFull
		}
		rec, err := scan(row)
		if err == nil {
			list, size = append(list, rec), size+len(rec.Event.Body)
		}
		return err
	}, text, args...)
	if err != nil && !event.Continues(list) {
		return nil, err
	}
	return list, nil
}

// types returns the stored event types that match the filter's pattern, if
// they are needed for the list.
func (r *Reader) types(ctx context.Context, f event.EventFilter) ([]string, error) {
	prefix, needed := r.dialect.expands(f)
	if !needed {
		return nil, nil
	}
	text, args := r.dialect.types(prefix)
	return all(ctx, r.list, value[string], text, args...)
}

// Prunable returns up to limit of the events that Prune would delete, in the
// order of their Place and after the given one, and about event.PageBytes of them.
func (r *Reader) Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error) {
	text := r.dialect.sql("FROM ~events e " + r.dialect.by("events_received") + `
		WHERE e.received < $1 AND e.received >= $2 AND (e.received > $2 OR e.seq > $3)
		AND ` + r.dialect.Ended() + ` ORDER BY e.received, e.seq LIMIT $4`)
	args, more := []any{ledger.Micros(before), ledger.Micros(behind.Received), behind.Seq, limit}, false
	if r.dialect.size != "" {
		n, larger, err := r.fit(ctx, event.PageBytes, r.each, "SELECT "+r.dialect.size+" "+text, args...)
		if err != nil {
			return nil, fmt.Errorf("list what can be pruned: %w", err)
		}
		more, args[3] = larger, n
	}
	list, err := r.upTo(ctx, event.PageBytes, r.each, ledger.ScanEvent, "SELECT "+ledger.EventColumns+" "+text, args...)
	if err != nil {
		return nil, fmt.Errorf("list what can be pruned: %w", err)
	}
	if more && len(list) > 0 {
		list[len(list)-1].Cut = true
	}
	return list, nil
}

// EventHours returns when the first event of each hour since then was
// received, oldest first; hours without events are missing.
func (r *Reader) EventHours(ctx context.Context, since time.Time) ([]time.Time, error) {
	text, args := r.dialect.EventHours(since)
	hours, err := all(ctx, r.each, func(row ledger.Scanner) (time.Time, error) {
		at, err := value[int64](row)
		return ledger.Time(at), err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read the hours of events: %w", err)
	}
	return hours, nil
}
