package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Claim leases up to limit due runs, oldest due first. Runs whose lease has
// ended have Reclaimed set.
func (s *Store) Claim(ctx context.Context, owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error) {
	if limit <= 0 {
		return nil, nil
	}
	var runs []*event.Run
	err := s.writer.do(ctx, func(tx *session) (err error) {
		runs, err = tx.claim(owner, now, leaseUntil, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim runs: %w", err)
	}
	return runs, nil
}

func (s *session) claim(owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error) {
	const (
		// By default, SQLite uses the index of the status and sorts.
		columns = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM runs r INDEXED BY `
		due     = columns + `runs_due WHERE r.held = 0 AND (r.status = 'pending' OR r.status = 'waiting') AND r.due <= ?1 ORDER BY r.due LIMIT ?2`
		expired = columns + `runs_lease WHERE r.status = 'running' AND r.lease_until <= ?1 ORDER BY r.lease_until LIMIT ?2`
		lease   = `UPDATE runs SET status = 'running', owner = ?2, lease_until = ?3, updated = ?4 WHERE rid = ?1`
	)
	candidates, err := s.placed(due, ledger.Micros(now), limit)
	if err != nil {
		return nil, err
	}
	more, err := s.placed(expired, ledger.Micros(now), limit)
	if err != nil {
		return nil, err
	}
	candidates = append(candidates, more...)
	slices.SortStableFunc(candidates, func(a, b *ledger.Placed) int { return a.Due.Compare(b.Due) })
	candidates = candidates[:min(limit, len(candidates))]
	runs := make([]*event.Run, 0, len(candidates))
	for _, p := range candidates {
		if _, err := s.Exec(lease, p.Row, owner, ledger.Micros(leaseUntil), ledger.Micros(now)); err != nil {
			return nil, err
		}
		p.Reclaimed = p.Status == event.StatusRunning
		p.Status, p.Updated = event.StatusRunning, ledger.Time(ledger.Micros(now))
		runs = append(runs, &p.Run)
	}
	return runs, nil
}

// Renew extends the leases of all runs that the owner is carrying out.
func (s *Store) Renew(ctx context.Context, owner string, leaseUntil time.Time) error {
	err := s.writer.do(ctx, func(tx *session) error {
		_, err := tx.Exec("UPDATE runs INDEXED BY runs_lease SET lease_until = ?2 WHERE status = 'running' AND owner = ?1",
			owner, ledger.Micros(leaseUntil))
		return err
	})
	if err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// Release returns all runs that the owner is still carrying out: they are
// pending and due now, with InFlight as stored.
func (s *Store) Release(ctx context.Context, owner string, now time.Time) error {
	const text = `UPDATE runs INDEXED BY runs_lease SET status = 'pending', due = ?2, updated = ?2, owner = NULL, lease_until = 0
		WHERE status = 'running' AND owner = ?1`
	err := s.writer.do(ctx, func(tx *session) error {
		_, err := tx.Exec(text, owner, ledger.Micros(now))
		return err
	})
	if err != nil {
		return fmt.Errorf("release runs: %w", err)
	}
	return nil
}

// giveBackAll ends every lease: the process that held them is gone, because
// this one holds the serve lock.
func (s *session) giveBackAll() error {
	_, err := s.Exec("UPDATE runs SET lease_until = 1 WHERE status = 'running'")
	return err
}

// NextDue returns when the next run is due or a lease ends; the zero time if
// there is none.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	const text = `SELECT
		(SELECT min(due) FROM runs INDEXED BY runs_due WHERE held = 0 AND (status = 'pending' OR status = 'waiting')),
		(SELECT min(lease_until) FROM runs INDEXED BY runs_lease WHERE status = 'running')`
	var due, lease sql.NullInt64
	if err := s.read.QueryRowContext(ctx, text).Scan(&due, &lease); err != nil {
		return time.Time{}, fmt.Errorf("next due run: %w", s.explain(err))
	}
	if !due.Valid || lease.Valid && lease.Int64 < due.Int64 {
		return ledger.Time(lease.Int64), nil
	}
	return ledger.Time(due.Int64), nil
}
