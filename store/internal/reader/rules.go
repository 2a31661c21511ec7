package reader

import (
	"context"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// RuleRuns returns what is stored of rules: for each of them and each status a
// few rows of an index, in one statement.
func (r *Reader) RuleRuns(ctx context.Context, f event.RulesFilter) ([]event.RuleRuns, error) {
	if len(f.Rules) == 0 {
		return nil, nil
	}
	text, args := r.dialect.RuleRuns(f)
	list, err := all(ctx, r.list, func(row ledger.Scanner) (event.RuleRuns, error) {
		var (
			one              event.RuleRuns
			created, updated int64
		)
		err := row.Scan(&one.Rule, (*string)(&one.Status), &one.Count, &one.Newest, &created, &updated)
		one.Created, one.Updated = ledger.Time(created), ledger.Time(updated)
		return one, err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read the runs of rules: %w", err)
	}
	return list, nil
}

// RuleRuns returns the query for what is stored of rules.
func (d Dialect) RuleRuns(f event.RulesFilter) (string, []any) {
	q := d.query()
	statuses := f.Statuses
	if len(statuses) == 0 {
		statuses = event.Statuses()
	}
	asked := "WITH a(rule) AS (" + rowsOf(q, f.Rules) + "), s(status) AS (" + rowsOf(q, words(statuses)) + ")"
	newest := q.tables + "runs n" + d.by("runs_rule_status") + " WHERE n.rule = a.rule AND n.status = s.status ORDER BY n.id DESC"
	if d.ranges { // see query.only
		newest = q.tables + "runs n WHERE (n.rule, n.status, n.id) >= (a.rule, s.status, '') AND (n.rule, n.status, n.id) <= (a.rule, s.status, " +
			q.arg(highestID) + ") ORDER BY n.rule DESC, n.status DESC, n.id DESC"
	}
	count := "(SELECT count(*) FROM (SELECT 1 FROM " + newest + " LIMIT " + q.arg(max(1, f.Most)) + ") AS counted)"
	return asked + " SELECT a.rule, s.status, " + count + ", r.id, r.created, r.updated FROM a " + d.join + " s ON 1 = 1 " +
		d.join + " " + q.tables + "runs r ON r.rid = (SELECT n.rid FROM " + newest + " LIMIT 1)", q.args
}

// rowsOf makes rows of texts.
func rowsOf(q *query, values []string) string {
	rows := make([]string, len(values))
	for i, v := range values {
		rows[i] = "(" + q.arg(v) + ")"
	}
	return "VALUES " + strings.Join(rows, ", ")
}
