// Package issues keeps the issues up to date in the transactions that change
// runs.
package issues

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// fail counts the failures of several runs and marks the runs with them. Others
// that fail in the same issue wait for its row until the commit.
const fail = `WITH f AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
		WITH ORDINALITY AS f(rid, id, rule, action, cause, connection, at, span, place)),
	grouped AS (SELECT rule, action, cause, min(id) AS id, (array_agg(connection ORDER BY place DESC))[1] AS connection,
		min(at) AS first, max(at) AS last, count(*) AS n FROM f GROUP BY rule, action, cause),
	counted AS (INSERT INTO gavel_issues AS i (rule, action, cause, id, connection, first, last, failing, total)
		SELECT rule, action, cause, id, connection, first, last, n, n FROM grouped ORDER BY rule COLLATE "C", action COLLATE "C", cause COLLATE "C"
		ON CONFLICT (rule, action, cause) DO UPDATE SET connection = CASE WHEN excluded.connection = '' THEN i.connection ELSE excluded.connection END,
			last = greatest(i.last, excluded.last), failing = i.failing + excluded.failing, total = i.total + excluded.total,
			reopened = CASE WHEN i.resolved = 0 THEN i.reopened ELSE excluded.last END, resolved = 0
		RETURNING i.rule, i.action, i.cause, i.id, i.total),
	known AS (SELECT f.rid, f.span, c.id, c.total - g.n + row_number() OVER (PARTITION BY c.id ORDER BY f.place) AS failure
		FROM f JOIN grouped g ON g.rule = f.rule AND g.action = f.action AND g.cause = f.cause
		JOIN counted c ON c.rule = f.rule AND c.action = f.action AND c.cause = f.cause),
	spans AS (INSERT INTO gavel_issue_spans AS s (issue, span, n) SELECT id, span, count(*) FROM known GROUP BY id, span ORDER BY id, span
		ON CONFLICT (issue, span) DO UPDATE SET n = s.n + excluded.n),
	old AS (DELETE FROM gavel_issue_spans s USING (SELECT id, max(span) AS span FROM known GROUP BY id) k
		WHERE s.issue = k.id AND s.span < k.span - $9)
	UPDATE gavel_runs r SET issue = k.id, failure = k.failure FROM known k WHERE r.rid = k.rid`

// QueueFailures counts the failures of runs. It comes after all changes of runs:
// whoever holds an issue waits for nothing but counts.
func QueueFailures(b *pgx.Batch, list []ledger.Failure) {
	if len(list) == 0 {
		return
	}
	var (
		rows, at, spans                      []int64
		ids, rules, actions, causes, reached []string
	)
	for _, f := range list {
		rows, at, spans = append(rows, f.Row), append(at, f.At), append(spans, f.Span)
		ids, rules, actions = append(ids, f.ID), append(rules, f.Rule), append(actions, f.Action)
		causes, reached = append(causes, string(f.Cause)), append(reached, f.Connection)
	}
	b.Queue(fail, rows, ids, rules, actions, causes, reached, at, spans, int64(event.IssueKeep/event.IssueWidth))
}

// QueueLeaving takes a run that has failed, and is locked, out of its issue.
func QueueLeaving(b *pgx.Batch, row int64) {
	b.Queue(`UPDATE gavel_issues i SET failing = i.failing - 1 FROM gavel_runs r WHERE r.rid = $1 AND i.id = r.issue AND r.failure > i.acked`, row)
	b.Queue(`UPDATE gavel_runs SET issue = NULL, failure = 0 WHERE rid = $1`, row)
}

// Forget takes the runs of events, which are locked and about to be deleted, out
// of their issues.
func Forget(ctx context.Context, tx pgx.Tx, eventSeqs []int64) error {
	rows, err := tx.Query(ctx, `SELECT i.id FROM gavel_issues i WHERE i.id IN (SELECT r.issue FROM gavel_runs r
		WHERE r.event_seq = ANY($1::bigint[]) AND r.issue IS NOT NULL) ORDER BY i.rule, i.action, i.cause FOR UPDATE`, eventSeqs)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE gavel_issues i SET failing = i.failing - (SELECT count(*) FROM gavel_runs r
		WHERE r.event_seq = ANY($1::bigint[]) AND r.issue = i.id AND r.failure > i.acked) WHERE i.id = ANY($2::text[])`, eventSeqs, ids)
	return err
}

// The statements that delete the issues that have no run any more and last failed
// before a time.
const (
	PruneIssues = `DELETE FROM gavel_issues i WHERE i.failing = 0 AND i.last < $1 AND NOT EXISTS (SELECT 1 FROM gavel_runs r WHERE r.issue = i.id)`
	PruneSpans  = `DELETE FROM gavel_issue_spans s WHERE s.span < $1 AND NOT EXISTS (SELECT 1 FROM gavel_issues i WHERE i.id = s.issue)`
)

// Change changes an issue.
func Change(ctx context.Context, tx pgx.Tx, id string, change *event.IssueChange) error {
	found, err := ledger.ScanIssue(tx.QueryRow(ctx, "SELECT "+ledger.IssueColumns+" FROM gavel_issues i WHERE i.id = $1 FOR UPDATE", id))
	if errors.Is(err, pgx.ErrNoRows) {
		return event.ErrNotFound
	}
	if err != nil {
		return err
	}
	left := func(above int64) (n int64, err error) {
		err = tx.QueryRow(ctx, "SELECT count(*) FROM gavel_runs WHERE issue = $1 AND failure > $2", id, above).Scan(&n)
		return n, err
	}
	if err := ledger.ChangeIssue(found, change, left); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE gavel_issues SET failing = $2, acked = $3, resolved = $4, reopened = $5, muted = $6, by_whom = $7 WHERE id = $1`,
		id, found.Failing, found.Acknowledged, ledger.Micros(found.Resolved), ledger.Micros(found.Reopened), ledger.Micros(found.MutedUntil), ledger.Clean(found.By))
	return err
}

// Acknowledge takes one failed run, which is locked, out of those that its issue
// counts as failing.
func Acknowledge(ctx context.Context, tx pgx.Tx, row int64, status event.Status) error {
	var failure, acked int64
	err := tx.QueryRow(ctx, `SELECT r.failure, i.acked FROM gavel_issues i JOIN gavel_runs r ON i.id = r.issue WHERE r.rid = $1 FOR UPDATE OF i`, row).Scan(&failure, &acked)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if err := ledger.CanAcknowledge(status, failure, acked); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE gavel_issues SET failing = failing - 1 WHERE id = (SELECT issue FROM gavel_runs WHERE rid = $1)`, row); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE gavel_runs SET failure = 0 WHERE rid = $1`, row)
	return err
}
