package reader

import (
	"context"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Issues returns the issues that the filter selects, those with failing runs
// first and of these the one that failed last. It reads no runs but one of each.
func (r *Reader) Issues(ctx context.Context, f event.IssueFilter) ([]*event.Issue, error) {
	q := r.dialect.query()
	if f.ID != "" {
		q.and("i.id = %s", f.ID)
	}
	if f.Run != "" {
		q.and("i.id = (SELECT n.issue FROM "+q.tables+"runs n WHERE n.id = %s)", f.Run)
	}
	if f.Failing {
		q.where = append(q.where, "i.failing > 0")
	}
	list, err := r.issues(ctx, q, &f)
	if err != nil {
		return nil, fmt.Errorf("list issues: %w", err)
	}
	return list, nil
}

func (r *Reader) issues(ctx context.Context, q *query, f *event.IssueFilter) ([]*event.Issue, error) {
	text := "SELECT " + ledger.IssueColumns + " FROM " + q.tables + "issues i" + q.conditions() +
		" ORDER BY CASE WHEN i.failing > 0 THEN 0 ELSE 1 END, i.last DESC, i.id"
	if f.Limit > 0 {
		text += " LIMIT " + q.arg(f.Limit)
	}
	list, err := all(ctx, r.each, ledger.ScanIssue, text, q.args...)
	if err != nil || len(list) == 0 || f.Bare {
		return list, err
	}
	known := make(map[string]*event.Issue, len(list))
	for _, i := range list {
		known[i.ID] = i
	}
	// Asking for all is cheaper than naming many.
	one := ""
	if len(list) == 1 {
		one = list[0].ID
	}
	if err := r.countIssues(ctx, known, one, ledger.IssueSpan(f.Since)); err != nil {
		return nil, err
	}
	return list, r.exampleIssues(ctx, known, one, f.Run)
}

func (r *Reader) countIssues(ctx context.Context, known map[string]*event.Issue, one string, since int64) error {
	const text = `SELECT issue, span, n FROM ~issue_spans WHERE span >= $1 AND ($2 = '' OR issue = $2) ORDER BY issue, span`
	return r.each(ctx, func(row ledger.Scanner) error {
		id, c, err := ledger.ScanIssueCount(row)
		if i := known[id]; i != nil && err == nil {
			i.Counts = append(i.Counts, c)
		}
		return err
	}, r.dialect.sql(text), since, one)
}

// exampleIssues adds the run that failed last to each issue, or the given one.
func (r *Reader) exampleIssues(ctx context.Context, known map[string]*event.Issue, one, run string) error {
	d := r.dialect
	text := "SELECT r.failure, r.issue, " + runColumns(event.RunFilter{}) + " FROM ~issues i " + d.join + " ~runs r ON r.rid = (SELECT n.rid FROM ~runs n" + d.by("runs_issue") + `
		WHERE n.issue = i.id ORDER BY n.failure DESC LIMIT 1) WHERE ($1 = '' OR i.id = $1)`
	args := []any{one}
	if run != "" {
		text, args = "SELECT r.failure, r.issue, "+runColumns(event.RunFilter{})+" FROM ~runs r WHERE r.id = $1", []any{run}
	}
	return r.each(ctx, func(row ledger.Scanner) error {
		id, example, err := ledger.ScanFailed(row)
		if i := known[id]; i != nil && err == nil {
			i.Example = example
		}
		return err
	}, d.sql(text), args...)
}

// IssueRuns returns failed runs of an issue, the one that failed last first,
// without results.
func (r *Reader) IssueRuns(ctx context.Context, f event.IssueRuns) ([]*event.Run, error) {
	d := r.dialect
	text := "SELECT r.failure, r.issue, " + runColumns(event.RunFilter{}) + " FROM ~runs r" + d.by("runs_issue") + `
		WHERE r.issue = $1 AND r.failure > $2 AND r.failure < $3 ORDER BY r.failure DESC LIMIT $4`
	before, after := f.Before, f.After
	if before <= 0 {
		before = 1<<63 - 1
	}
	if after <= 0 {
		after = -1 // those that are acknowledged alone have number 0
	}
	list, err := all(ctx, r.list, func(row ledger.Scanner) (*event.Run, error) {
		_, run, err := ledger.ScanFailed(row)
		return run, err
	}, d.sql(text), f.ID, after, before, bounded(f.Limit))
	if err != nil {
		return nil, fmt.Errorf("list the runs of an issue: %w", err)
	}
	return list, nil
}

// failedMost bounds FailedRuns.
const failedMost = 10_000

// FailedRuns returns which of some runs are failed now.
func (r *Reader) FailedRuns(ctx context.Context, f event.FailedRuns) ([]event.FailedRun, error) {
	const columns = "SELECT r.event_seq, r.id, r.failure <= i.acked FROM ~runs r"
	var parts []string
	q := r.dialect.query()
	if len(f.Events) > 0 {
		parts = append(parts, r.dialect.sql(columns+r.dialect.by("runs_event")+" JOIN ~issues i ON i.id = r.issue WHERE ")+in(q, "r.event_seq", f.Events))
	}
	if len(f.Runs) > 0 {
		parts = append(parts, r.dialect.sql(columns+" JOIN ~issues i ON i.id = r.issue WHERE ")+in(q, "r.id", f.Runs))
	}
	if len(parts) == 0 {
		return nil, nil
	}
	list, err := all(ctx, r.list, func(row ledger.Scanner) (run event.FailedRun, err error) {
		err = row.Scan(&run.Event, &run.Run, &run.Acknowledged)
		return run, err
	}, strings.Join(parts, " UNION ")+" LIMIT "+q.arg(failedMost), q.args...)
	if err != nil {
		return nil, fmt.Errorf("read which runs are failed: %w", err)
	}
	return list, nil
}
