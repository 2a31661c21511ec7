package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Numbers returns the numbers of the stored events.
func (r *Reader) Numbers(ctx context.Context) (event.Numbers, error) {
	n := event.Numbers{Loose: r.dialect.loose}
	_, err := r.one(ctx, into(&n.First, &n.Last, &n.Erasures), `SELECT coalesce((SELECT min(seq) FROM ~events), 0),
		coalesce((SELECT max(seq) FROM ~events), 0), coalesce((SELECT value FROM ~marks WHERE name = '`+ledger.ErasedMark+`'), 0)`)
	if err != nil {
		return n, fmt.Errorf("read the numbers of events: %w", err)
	}
	return n, nil
}

// Facts returns up to limit blocks of facts with numbers above after, in order.
// Data is nil when the newest event was received before since.
func (r *Reader) Facts(ctx context.Context, after int64, since time.Time, limit int) ([]event.Facts, error) {
	const text = `SELECT block, events, newest, CASE WHEN newest >= $2 THEN data END FROM ~facts WHERE block > $1 ORDER BY block LIMIT $3`
	list, err := all(ctx, r.each, ledger.ScanFacts, r.dialect.sql(text), after, ledger.Micros(since), limit)
	if err != nil {
		return nil, fmt.Errorf("read the facts of events: %w", err)
	}
	return list, nil
}

// FollowUps counts the runs, created from since until before until, that follow
// their meetings, without those of shadow rules. A zero since means no limit.
func (r *Reader) FollowUps(ctx context.Context, since, until time.Time) ([]event.FollowUps, error) {
	// Each rule and status is a range of the index.
	d := r.dialect
	follows := d.isTrue("follow") + " AND " + d.isFalse("shadow")
	from := "FROM ~runs r" + d.by("runs_followed") + " WHERE " + follows
	text := `WITH RECURSIVE rules (rule) AS (SELECT (SELECT min(r.rule) ` + from + `)
			UNION ALL SELECT (SELECT min(r.rule) ` + from + ` AND r.rule > rules.rule) FROM rules WHERE rules.rule IS NOT NULL),
		counted AS (SELECT rules.rule, s.status, (SELECT count(*) ` + from + ` AND r.rule = rules.rule AND r.status = s.status
				AND r.created >= $1 AND r.created < $2) AS n
			FROM rules CROSS JOIN (` + d.statuses() + `) AS s WHERE rules.rule IS NOT NULL)
		SELECT rule, status, n FROM counted WHERE n > 0 ORDER BY rule, status`
	list, err := all(ctx, r.each, ledger.ScanFollowUps, d.sql(text), ledger.Micros(since), ledger.Micros(until))
	if err != nil {
		return nil, fmt.Errorf("count follow-ups: %w", err)
	}
	return list, nil
}
