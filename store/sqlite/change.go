package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/sqlite/issues"
)

// RetryRun makes a failed, canceled or skipped run pending again, due now,
// with all its tries. For other states the error is event.ErrConflict.
func (s *Store) RetryRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.change(ctx, "retry", id, now, reason, func(tx *session, p *ledger.Placed) error {
		if err := ledger.CanRetry(p.Status); err != nil {
			return err
		}
		if p.Status == event.StatusFailed {
			if err := issues.Leave(tx.Conn, p.Row); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE runs SET status = 'pending', held = 0, reason = ?2, due = ?3, tries = 0, in_flight = 0,
			updated = ?3, finished = 0, replaced = iif(replaced IS NULL, NULL, '') WHERE rid = ?1`, p.Row, ledger.Clean(reason), ledger.Micros(now))
		return err
	})
}

// CancelRun ends a run that has not ended yet. If it is being carried out, the
// current action finishes, and nothing follows it.
func (s *Store) CancelRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.change(ctx, "cancel", id, now, "", func(tx *session, p *ledger.Placed) error {
		if err := ledger.CanCancel(p.Status); err != nil {
			return err
		}
		return tx.drop(p, reason, now)
	})
}

// RunNow ends the wait of a run: it is due now.
func (s *Store) RunNow(ctx context.Context, id string, now time.Time, reason string) error {
	return s.change(ctx, "run now", id, now, reason, func(tx *session, p *ledger.Placed) error {
		if err := ledger.CanMove(p.Status); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE runs SET due = ?3, reason = ?2, updated = ?3 WHERE rid = ?1",
			p.Row, ledger.Clean(reason), ledger.Micros(now))
		return err
	})
}

// MoveRevision lets a waiting run continue with another revision of the rules,
// at action next and at the time due.
func (s *Store) MoveRevision(ctx context.Context, id, revision string, next int, due time.Time, reason string, now time.Time) error {
	return s.change(ctx, "move", id, now, reason, func(tx *session, p *ledger.Placed) error {
		if err := ledger.CanMove(p.Status); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE runs SET revision = ?2, next = ?3, tries = 0, due = ?4, reason = ?5, updated = ?6 WHERE rid = ?1",
			p.Row, revision, next, ledger.Micros(due), ledger.Clean(reason), ledger.Micros(now))
		if err != nil {
			return err
		}
		return tx.use(revision, ledger.Micros(now))
	})
}

// ChangeIssue resolves, mutes or unmutes an issue.
func (s *Store) ChangeIssue(ctx context.Context, id string, c event.IssueChange) error {
	var verdict error
	err := s.writer.do(ctx, func(tx *session) (err error) {
		verdict, err = issues.Change(tx.Conn, id, &c)
		return err
	})
	if err = cmp.Or(err, verdict); err != nil {
		return fmt.Errorf("%s issue %q: %w", c.Verb, id, err)
	}
	return nil
}

// AcknowledgeRun takes a failed run out of those that its issue counts as
// failing.
func (s *Store) AcknowledgeRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.change(ctx, "acknowledge", id, now, reason, func(tx *session, p *ledger.Placed) error {
		return issues.Acknowledge(tx.Conn, p)
	})
}

// change applies work to one run in a transaction and, if there is a reason,
// adds it to the run's history. If work returns event.ErrConflict, it has
// changed nothing; that error is for the caller and does not fail the
// transaction.
func (s *Store) change(ctx context.Context, verb, id string, now time.Time, reason string, work func(*session, *ledger.Placed) error) error {
	const text = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM runs r WHERE r.id = ?1`
	var verdict error
	err := s.writer.do(ctx, func(tx *session) error {
		verdict = nil
		found, err := tx.placed(text, id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			verdict = notFound(sql.ErrNoRows, "run", id)
			return nil
		}
		if err := work(tx, found[0]); errors.Is(err, event.ErrConflict) {
			verdict = err
			return nil
		} else if err != nil || reason == "" {
			return err
		}
		return tx.noteChange(found[0], now, reason)
	})
	if err == nil {
		err = verdict
	}
	if err != nil {
		return fmt.Errorf("%s run %q: %w", verb, id, err)
	}
	return nil
}

// Pause holds what sends from here on; event.ErrConflict if it is paused.
func (s *Store) Pause(ctx context.Context, p event.Pause) error {
	return s.pausing(ctx, "pause", "INSERT INTO pauses ("+ledger.PauseColumns+") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
		ledger.ErrPaused(p.Key), ledger.PauseArgs(&p)...)
}

// Resume ends the pause that began at since, or returns event.ErrNotFound. What
// it has set aside is
// freed by FreeSetAside.
func (s *Store) Resume(ctx context.Context, key event.PauseKey, since time.Time) error {
	return s.pausing(ctx, "resume", "DELETE FROM pauses WHERE key = ?1 AND since = ?2", ledger.ErrNotPaused(key), string(key), ledger.Micros(since))
}

// pausing changes one pause; without a change it returns unchanged.
func (s *Store) pausing(ctx context.Context, verb, text string, unchanged error, args ...any) error {
	var n int64
	err := s.writer.do(ctx, func(tx *session) (err error) {
		n, err = tx.Exec(text, args...)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", verb, err)
	case n == 0:
		return unchanged
	}
	return nil
}

// FreeSetAside lets up to limit runs be claimed again whose pause has ended,
// oldest due first, and returns how many.
func (s *Store) FreeSetAside(ctx context.Context, limit int) (int, error) {
	found := 0
	d := reader.SQLite()
	err := s.writer.do(ctx, func(tx *session) error {
		found = 0
		var keys []string
		err := tx.Scan(func(row ledger.Scanner) error {
			var key string
			err := row.Scan(&key)
			keys = append(keys, key)
			return err
		}, d.Unpaused())
		for _, key := range keys {
			if err != nil || found >= limit {
				break
			}
			var n int64
			n, err = tx.Exec(d.FreeOne(), key, limit-found)
			found += int(n)
		}
		tx.freed = tx.freed || found > 0
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("free runs that were held: %w", err)
	}
	return found, nil
}

// AddRefusals adds counts of refused requests.
func (s *Store) AddRefusals(ctx context.Context, list []event.Refusal, now time.Time) error {
	err := s.writer.do(ctx, func(tx *session) error {
		for i := range list {
			tx.tallies.Refused(&list[i])
		}
		return reader.SQLite().AddRefusals(tx.Conn, list, now)
	})
	if err != nil {
		return fmt.Errorf("store refused requests: %w", err)
	}
	return nil
}

// SetMark sets a mark; an empty value deletes it.
func (s *Store) SetMark(ctx context.Context, name, value string) error {
	err := s.writer.do(ctx, func(tx *session) error { return reader.SQLite().SetMark(tx.Conn, name, value) })
	if err != nil {
		return fmt.Errorf("set mark %s: %w", name, err)
	}
	return nil
}
