package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Counts returns the totals. OldestDue uses the store's clock.
func (r *Reader) Counts(ctx context.Context) (event.Counts, error) {
	c := event.Counts{Runs: map[event.Status]int64{}}
	// One statement, so that the numbers are consistent.
	text := r.dialect.sql(`SELECT 'events', count(*) FROM ~events
		UNION ALL SELECT 'due', coalesce((SELECT due FROM ~runs` + r.dialect.by("runs_due") + `
			WHERE ` + r.dialect.isFalse("held") + ` AND ` + r.dialect.oneOf("status", event.StatusPending, event.StatusWaiting) + ` AND due <= ` + r.dialect.now + ` ORDER BY due LIMIT 1), 0)
		UNION ALL SELECT status, count(*) FROM ~runs GROUP BY status`)
	err := r.each(ctx, func(row ledger.Scanner) error {
		var (
			name string
			n    int64
		)
		if err := row.Scan(&name, &n); err != nil {
			return err
		}
		switch name {
		case "events":
			c.Events = n
		case "due":
			c.OldestDue = ledger.Time(n)
		default:
			c.Runs[event.Status(name)] = n
		}
		return nil
	}, text, ledger.Micros(r.clock()))
	if err != nil {
		return c, fmt.Errorf("count: %w", err)
	}
	return c, nil
}

// Tallies returns the counts of the span that contains since and of later
// ones, oldest first.
func (r *Reader) Tallies(ctx context.Context, since time.Time) ([]event.Tally, error) {
	const text = `SELECT span, kind, name, detail, CAST(sum(n) AS bigint) FROM ~tallies WHERE span >= $1
		GROUP BY span, kind, name, detail ORDER BY span, kind, name, detail`
	list, err := all(ctx, r.each, ledger.ScanTally, r.dialect.sql(text), ledger.SpanOf(since))
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	return list, nil
}

// Daily returns the counts by days of UTC since the day that contains a time,
// oldest first: of the days before from their own table, of the rest from the
// spans.
func (r *Reader) Daily(ctx context.Context, since time.Time) ([]event.Tally, error) {
	const text = `SELECT day * $1, kind, name, detail, CAST(sum(n) AS bigint) FROM (
			SELECT day, kind, name, detail, n FROM ~daily WHERE day >= $2
			UNION ALL SELECT span / $1, kind, name, detail, n FROM ~tallies WHERE span >= $2 * $1
		) AS counted GROUP BY day, kind, name, detail ORDER BY day, kind, name, detail`
	list, err := all(ctx, r.each, ledger.ScanTally, r.dialect.sql(text), ledger.SpansPerDay, ledger.DayOf(since))
	if err != nil {
		return nil, fmt.Errorf("read counts by day: %w", err)
	}
	return list, nil
}

// Hourly returns calls and failures by hours since the hour that contains a time,
// oldest first.
func (r *Reader) Hourly(ctx context.Context, since time.Time) ([]event.Tally, error) {
	const text = `SELECT hour * $1, kind, name, '', CAST(sum(n) AS bigint) FROM (
			SELECT hour, kind, name, n FROM ~hourly WHERE hour >= $2
			UNION ALL SELECT span / $1, kind, name, n FROM ~tallies WHERE span >= $2 * $1 AND kind IN ($3, $4)
		) AS counted GROUP BY hour, kind, name ORDER BY hour, kind, name`
	list, err := all(ctx, r.each, ledger.ScanTally, r.dialect.sql(text), ledger.SpansPerHour, ledger.SpanOf(since)/ledger.SpansPerHour,
		string(event.TallyCalls), string(event.TallyFailures))
	if err != nil {
		return nil, fmt.Errorf("read counts by hour: %w", err)
	}
	return list, nil
}

// Activity returns by rule what ran. It reads every stored run.
func (r *Reader) Activity(ctx context.Context) ([]event.RuleActivity, error) {
	text := r.dialect.sql("SELECT " + ledger.ActivityColumns + " FROM ~runs GROUP BY rule ORDER BY rule" + r.dialect.byBytes)
	list, err := all(ctx, r.each, ledger.ScanActivity, text)
	if err != nil {
		return nil, fmt.Errorf("read what rules did: %w", err)
	}
	return list, nil
}
