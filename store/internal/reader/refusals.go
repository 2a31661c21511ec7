package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Refusals returns the refused requests by reason and source, the latest first.
func (r *Reader) Refusals(ctx context.Context) ([]event.Refusal, error) {
	list, err := all(ctx, r.each, func(row ledger.Scanner) (f event.Refusal, err error) {
		var first, last int64
		err = row.Scan(&f.Reason, &f.Source, &f.Count, &first, &last)
		f.First, f.Last = ledger.Time(first), ledger.Time(last)
		return f, err
	}, r.dialect.sql("SELECT reason, source, n, first, last FROM ~refusals ORDER BY last DESC, reason, source LIMIT $1"), event.RefusalRows)
	if err != nil {
		return nil, fmt.Errorf("read refused requests: %w", err)
	}
	return list, nil
}

// Writer is a transaction.
type Writer interface {
	Exec(text string, args ...any) (int64, error)
	One(dest []any, text string, args ...any) error
}

// othersMost is room that is kept for rows of unnamed sources, one for each
// reason.
const othersMost = 50

// AddRefusals adds counts of refused requests and deletes old ones. A source
// that has a row keeps it, however many new ones come.
func (d Dialect) AddRefusals(tx Writer, list []event.Refusal, now time.Time) error {
	if _, err := tx.Exec(d.sql("DELETE FROM ~refusals WHERE last < $1"), ledger.Micros(now.Add(-event.RefusalKeep))); err != nil {
		return err
	}
	var rows, fresh int64
	const count = "SELECT count(*), count(CASE WHEN first > $1 THEN 1 END) FROM ~refusals WHERE source <> ''"
	if err := tx.One([]any{&rows, &fresh}, d.sql(count), ledger.Micros(now.Add(-24*time.Hour))); err != nil {
		return err
	}
	room := min(event.RefusalRows-othersMost-rows, event.RefusalsPerDay-fresh)
	for i := range list {
		f := list[i]
		f.Reason, f.Source = ledger.Clean(f.Reason), ledger.Clean(f.Source)
		known, err := d.addRefusal(tx, &f)
		if err != nil {
			return err
		}
		switch {
		case known:
			continue
		case f.Source != "" && room > 0:
			room--
		case f.Source != "":
			f.Source = ""
			if known, err = d.addRefusal(tx, &f); err != nil {
				return err
			}
		}
		if known {
			continue
		}
		const add = "INSERT INTO ~refusals (reason, source, n, first, last) VALUES ($1, $2, $3, $4, $5)"
		if _, err := tx.Exec(d.sql(add), f.Reason, f.Source, f.Count, ledger.Micros(f.First), ledger.Micros(f.Last)); err != nil {
			return err
		}
	}
	return nil
}

// addRefusal adds to a row that exists.
func (d Dialect) addRefusal(tx Writer, f *event.Refusal) (known bool, err error) {
	const add = `UPDATE ~refusals SET n = n + $3, first = CASE WHEN first > $4 THEN $4 ELSE first END,
		last = CASE WHEN last < $5 THEN $5 ELSE last END WHERE reason = $1 AND source = $2`
	n, err := tx.Exec(d.sql(add), f.Reason, f.Source, f.Count, ledger.Micros(f.First), ledger.Micros(f.Last))
	return n > 0, err
}
