package ledger

import "github.com/gavel-rules/gavel/event"

// ActivityColumns are the columns that ScanActivity reads, for a table of runs
// grouped by rule.
const ActivityColumns = "rule, sum(CASE WHEN status = 'skipped' THEN 0 ELSE 1 END), sum(CASE WHEN status = 'skipped' THEN 1 ELSE 0 END)," +
	" max(CASE WHEN status = 'skipped' THEN 0 ELSE created END)," +
	" sum(CASE WHEN status = 'waiting' THEN 1 ELSE 0 END), sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END)"

// ScanActivity reads ActivityColumns.
func ScanActivity(row Scanner) (event.RuleActivity, error) {
	var (
		a    event.RuleActivity
		last int64
	)
	err := row.Scan(&a.Rule, &a.Runs, &a.Skipped, &last, &a.Waiting, &a.Failed)
	a.Last = Time(last)
	return a, err
}
