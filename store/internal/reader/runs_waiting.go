package reader

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// WaitingRules returns the names of the rules with waiting runs, sorted. It goes
// from one name to the next in an index.
func (r *Reader) WaitingRules(ctx context.Context, limit int) ([]string, error) {
	text := r.dialect.sql(`WITH RECURSIVE names(rule) AS (
			SELECT (SELECT min(r.rule) FROM ~runs r` + r.dialect.by("runs_rule_due") + ` WHERE r.status = 'waiting')
			UNION ALL
			SELECT (SELECT min(r.rule) FROM ~runs r` + r.dialect.by("runs_rule_due") + ` WHERE r.status = 'waiting' AND r.rule > names.rule)
			FROM names WHERE names.rule IS NOT NULL
		)
		SELECT rule FROM names WHERE rule IS NOT NULL LIMIT $1`)
	list, err := all(ctx, r.each, func(row ledger.Scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}, text, limit)
	if err != nil {
		return nil, fmt.Errorf("read which rules have waiting runs: %w", err)
	}
	return list, nil
}
