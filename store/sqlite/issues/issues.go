// Package issues keeps the issues up to date in the transactions that change
// runs.
package issues

import (
	"database/sql"
	"errors"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
)

// Fail counts the failure of a run and marks the run with it.
func Fail(c *conn.Conn, f ledger.Failure) error {
	const count = `INSERT INTO issues (rule, action, cause, id, connection, first, last, failing, total)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1, 1)
		ON CONFLICT (rule, action, cause) DO UPDATE SET connection = iif(excluded.connection = '', connection, excluded.connection),
			last = max(last, excluded.last), failing = failing + 1, total = total + 1,
			reopened = iif(resolved = 0, reopened, excluded.last), resolved = 0
		RETURNING id, total`
	var (
		id           string
		total, times int64
	)
	if err := c.One([]any{&id, &total}, count, f.Rule, f.Action, string(f.Cause), f.ID, f.Connection, f.At); err != nil {
		return err
	}
	if _, err := c.Exec("UPDATE runs SET issue = ?2, failure = ?3 WHERE rid = ?1", f.Row, id, total); err != nil {
		return err
	}
	const span = `INSERT INTO issue_spans (issue, span, n) VALUES (?1, ?2, 1) ON CONFLICT (issue, span) DO UPDATE SET n = n + 1 RETURNING n`
	if err := c.One([]any{&times}, span, id, f.Span); err != nil || times > 1 {
		return err
	}
	_, err := c.Exec("DELETE FROM issue_spans WHERE issue = ?1 AND span < ?2", id, f.OldestSpan)
	return err
}

// Leave takes a run that has failed out of its issue.
func Leave(c *conn.Conn, row int64) error {
	const count = `UPDATE issues SET failing = failing - 1 WHERE id = (SELECT issue FROM runs WHERE rid = ?1)
		AND acked < (SELECT failure FROM runs WHERE rid = ?1)`
	_, count1 := c.Exec(count, row)
	_, mark := c.Exec("UPDATE runs SET issue = NULL, failure = 0 WHERE rid = ?1", row)
	return errors.Join(count1, mark)
}

// Forget takes the runs of an event, which is about to be deleted, out of their
// issues.
func Forget(c *conn.Conn, eventSeq int64) error {
	const text = `UPDATE issues SET failing = failing - (SELECT count(*) FROM runs r INDEXED BY runs_event
			WHERE r.event_seq = ?1 AND r.issue = issues.id AND r.failure > issues.acked)
		WHERE id IN (SELECT r.issue FROM runs r INDEXED BY runs_event WHERE r.event_seq = ?1 AND r.issue IS NOT NULL)`
	_, err := c.Exec(text, eventSeq)
	return err
}

// Prune deletes the issues that have no run any more and last failed before a
// time.
func Prune(c *conn.Conn, before int64) error {
	_, gone := c.Exec(`DELETE FROM issues WHERE failing = 0 AND last < ?1
		AND NOT EXISTS (SELECT 1 FROM runs r INDEXED BY runs_issue WHERE r.issue = issues.id)`, before)
	_, spans := c.Exec("DELETE FROM issue_spans WHERE issue NOT IN (SELECT id FROM issues)")
	return errors.Join(gone, spans)
}

// Change changes an issue. The verdict is for the caller; nothing is changed
// then.
func Change(c *conn.Conn, id string, change *event.IssueChange) (verdict, err error) {
	var found *event.Issue
	err = c.Scan(func(row ledger.Scanner) (err error) {
		found, err = ledger.ScanIssue(row)
		return err
	}, "SELECT "+ledger.IssueColumns+" FROM issues i WHERE i.id = ?1", id)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return event.ErrNotFound, nil
	}
	left := func(above int64) (n int64, err error) {
		err = c.One([]any{&n}, "SELECT count(*) FROM runs INDEXED BY runs_issue WHERE issue = ?1 AND failure > ?2", id, above)
		return n, err
	}
	if err := ledger.ChangeIssue(found, change, left); err != nil {
		if errors.Is(err, event.ErrConflict) || errors.Is(err, event.ErrInvalid) {
			return err, nil
		}
		return nil, err
	}
	_, err = c.Exec(`UPDATE issues SET failing = ?2, acked = ?3, resolved = ?4, reopened = ?5, muted = ?6, by_whom = ?7 WHERE id = ?1`,
		id, found.Failing, found.Acknowledged, ledger.Micros(found.Resolved), ledger.Micros(found.Reopened), ledger.Micros(found.MutedUntil), ledger.Clean(found.By))
	return nil, err
}

// Acknowledge takes one failed run out of those that its issue counts as
// failing. An event.ErrConflict has changed nothing.
func Acknowledge(c *conn.Conn, p *ledger.Placed) error {
	var failure, acked int64
	err := c.One([]any{&failure, &acked}, "SELECT r.failure, i.acked FROM runs r JOIN issues i ON i.id = r.issue WHERE r.rid = ?1", p.Row)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := ledger.CanAcknowledge(p.Status, failure, acked); err != nil {
		return err
	}
	_, count := c.Exec("UPDATE issues SET failing = failing - 1 WHERE id = (SELECT issue FROM runs WHERE rid = ?1)", p.Row)
	_, mark := c.Exec("UPDATE runs SET failure = 0 WHERE rid = ?1", p.Row)
	return errors.Join(count, mark)
}
