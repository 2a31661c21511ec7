package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/postgres/issues"
)

// RetryRun makes a failed, canceled or skipped run pending again, due now,
// with all its tries. For other states the error is event.ErrConflict.
func (s *Store) RetryRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.change(ctx, "retry", id, func(t *transaction, p *ledger.Placed) error {
		if err := ledger.CanRetry(p.Status); err != nil {
			return err
		}
		if p.Status == event.StatusFailed {
			issues.QueueLeaving(&t.out.single, p.Row)
		}
		t.out.single.Queue(`UPDATE gavel_runs SET status = 'pending', held = false, reason = $2, due = `+shifted("$3", "$4")+`, tries = 0, in_flight = false,
			updated = $3, finished = 0, replaced = CASE WHEN replaced IS NOT NULL THEN '' END WHERE rid = $1`, p.Row, ledger.Clean(reason), ledger.Micros(now), t.out.sent)
		t.note(p, now, reason)
		t.out.notify = true
		return nil
	})
}

// CancelRun ends a run that has not ended yet. If it is being carried out, the
// current action finishes, and nothing follows it.
func (s *Store) CancelRun(ctx context.Context, id string, now time.Time, reason string) error {
	return s.change(ctx, "cancel", id, func(t *transaction, p *ledger.Placed) error {
		if err := ledger.CanCancel(p.Status); err != nil {
			return err
		}
		t.drop(p, now, reason)
		return nil
	})
}

// RunNow ends the wait of a run: it is due now.
func (s *Store) RunNow(ctx context.Context, id string, now time.Time, reason string) error {
	return s.change(ctx, "run now", id, func(t *transaction, p *ledger.Placed) error {
		if err := ledger.CanMove(p.Status); err != nil {
			return err
		}
		t.out.move(p.Row, event.Move{Due: now, Reason: reason}, now)
		t.note(p, now, reason)
		t.out.notify = true
		return nil
	})
}

// MoveRevision lets a waiting run continue with another revision of the rules,
// at action next and at the time due.
func (s *Store) MoveRevision(ctx context.Context, id, revision string, next int, due time.Time, reason string, now time.Time) error {
	err := s.change(ctx, "move", id, func(t *transaction, p *ledger.Placed) error {
		if err := ledger.CanMove(p.Status); err != nil {
			return err
		}
		t.out.single.Queue(`UPDATE gavel_runs SET revision = $2, next = $3, tries = 0, due = `+atOnce("$4", "$6", "$7")+`, reason = $5, updated = $6 WHERE rid = $1`,
			p.Row, revision, next, ledger.Micros(due), ledger.Clean(reason), ledger.Micros(now), t.out.sent)
		t.note(p, now, reason)
		t.out.notify = true
		return nil
	})
	if err == nil {
		s.use(ctx, revision, now)
	}
	return err
}

// ChangeIssue resolves, mutes or unmutes an issue.
func (s *Store) ChangeIssue(ctx context.Context, id string, c event.IssueChange) error {
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error { return issues.Change(ctx, tx, id, &c) })
	if err != nil {
		return fmt.Errorf("%s issue %q: %w", c.Verb, id, err)
	}
	return nil
}

// AcknowledgeRun takes a failed run out of those that its issue counts as
// failing.
func (s *Store) AcknowledgeRun(ctx context.Context, id string, now time.Time, reason string) error {
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		t := newTransaction(nil)
		t.out.sent, t.out.slot = s.sent(), s.slot()
		return t.change(ctx, tx, id, s.self, func(t *transaction, p *ledger.Placed) error {
			t.note(p, now, reason)
			return issues.Acknowledge(ctx, tx, p.Row, p.Status)
		})
	})
	if err != nil {
		return fmt.Errorf("acknowledge run %q: %w", id, err)
	}
	return nil
}

// change changes one run under the lock of its meeting.
func (s *Store) change(ctx context.Context, verb, id string, decide func(*transaction, *ledger.Placed) error) error {
	var t *transaction
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		t = newTransaction(nil)
		t.out.sent, t.out.slot = s.sent(), s.slot()
		return t.change(ctx, tx, id, s.self, decide)
	})
	if err != nil {
		return fmt.Errorf("%s run %q: %w", verb, id, err)
	}
	if t.freed {
		s.wake()
	}
	return nil
}

func (t *transaction) change(ctx context.Context, tx pgx.Tx, id, self string, decide func(*transaction, *ledger.Placed) error) error {
	// The meeting of a run never changes, so it can be read before the lock.
	var meeting *string
	if err := tx.QueryRow(ctx, `SELECT meeting FROM gavel_runs WHERE id = $1`, id).Scan(&meeting); err != nil {
		return notFound(err, "run", id)
	}
	if meeting != nil {
		if _, err := tx.Exec(ctx, lockText, lockSpace, []int32{lockKey(*meeting)}); err != nil {
			return err
		}
	}
	const text = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM gavel_runs r WHERE r.id = $1 FOR UPDATE`
	p, err := ledger.ScanPlaced(tx.QueryRow(ctx, text, id))
	if err != nil {
		return notFound(err, "run", id)
	}
	if err := decide(t, p); err != nil {
		return err
	}
	b := &t.out.single
	queueLeaving(b, t.out.leavers, t.out.lanesLeft, self, &t.freed)
	if t.out.notify {
		b.Queue(notifyText, self)
	}
	queueTallies(b, t.out.tallies, t.out.slot)
	return tx.SendBatch(ctx, b).Close()
}

// Pause holds what sends from here on; event.ErrConflict if it is paused.
func (s *Store) Pause(ctx context.Context, p event.Pause) error {
	return s.pausing(ctx, "pause", "INSERT INTO gavel_pauses ("+ledger.PauseColumns+") VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		ledger.ErrPaused(p.Key), ledger.PauseArgs(&p)...)
}

// Resume ends the pause that began at since, or returns event.ErrNotFound. What
// it has set aside is
// freed by FreeSetAside.
func (s *Store) Resume(ctx context.Context, key event.PauseKey, since time.Time) error {
	return s.pausing(ctx, "resume", "DELETE FROM gavel_pauses WHERE key = $1 AND since = $2", ledger.ErrNotPaused(key), string(key), ledger.Micros(since))
}

// pausing changes one pause; without a change it returns unchanged.
func (s *Store) pausing(ctx context.Context, verb, text string, unchanged error, args ...any) error {
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, text, args...)
		if err == nil && tag.RowsAffected() == 0 {
			return unchanged
		}
		if err == nil {
			_, err = tx.Exec(ctx, notifyText, s.self)
		}
		return err
	})
	if errors.Is(err, unchanged) {
		return unchanged
	}
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

// FreeSetAside lets up to limit runs be claimed again whose pause has ended,
// oldest due first, and returns how many.
func (s *Store) FreeSetAside(ctx context.Context, limit int) (int, error) {
	var keys []string
	err := s.query(ctx, func(row ledger.Scanner) error {
		var key string
		err := row.Scan(&key)
		keys = append(keys, key)
		return err
	}, s.dialect.Unpaused())
	found := 0
	for _, key := range keys {
		if err != nil || found >= limit {
			break
		}
		err = s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, s.dialect.FreeOne(), key, limit-found)
			if err == nil {
				found += int(tag.RowsAffected())
				_, err = tx.Exec(ctx, notifyText, s.self)
			}
			return err
		})
	}
	if err != nil {
		return 0, fmt.Errorf("free runs that were held: %w", err)
	}
	if found > 0 {
		s.wake()
	}
	return found, nil
}

// refusing is a transaction of statements that both databases share.
type refusing struct {
	ctx context.Context
	tx  pgx.Tx
}

// Exec implements reader.Writer.
func (r refusing) Exec(text string, args ...any) (int64, error) {
	tag, err := r.tx.Exec(r.ctx, text, args...)
	return tag.RowsAffected(), err
}

// One implements reader.Writer.
func (r refusing) One(dest []any, text string, args ...any) error {
	return r.tx.QueryRow(r.ctx, text, args...).Scan(dest...)
}

// AddRefusals adds counts of refused requests.
func (s *Store) AddRefusals(ctx context.Context, list []event.Refusal, now time.Time) error {
	tallies := ledger.Tallies{}
	for i := range list {
		tallies.Refused(&list[i])
	}
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		// Several processes together must not pass the bound either.
		if _, err := tx.Exec(ctx, "LOCK TABLE gavel_refusals IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		if err := s.dialect.AddRefusals(refusing{ctx, tx}, list, now); err != nil {
			return err
		}
		var b pgx.Batch
		queueTallies(&b, tallies, s.slot())
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return fmt.Errorf("store refused requests: %w", err)
	}
	return nil
}

// SetMark sets a mark; an empty value deletes it.
func (s *Store) SetMark(ctx context.Context, name, value string) error {
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return s.dialect.SetMark(refusing{ctx, tx}, name, value)
	})
	if err != nil {
		return fmt.Errorf("set mark %s: %w", name, err)
	}
	return nil
}
