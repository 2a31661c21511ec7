package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

var claimText = `WITH due AS MATERIALIZED (
		SELECT rid, due FROM gavel_runs WHERE NOT held AND status IN ('pending', 'waiting') AND due <= ` + shifted("$1", "$6") + `
		ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED),
	expired AS MATERIALIZED (
		SELECT rid, due FROM gavel_runs WHERE status = 'running' AND lease_until <= ` + shifted("$1", "$6") + `
		ORDER BY lease_until LIMIT $2 FOR UPDATE SKIP LOCKED),
	picked AS MATERIALIZED (
		SELECT rid, reclaimed FROM (SELECT *, false AS reclaimed FROM due UNION ALL SELECT *, true FROM expired) both_kinds
		ORDER BY due LIMIT $2)
	UPDATE gavel_runs r SET status = 'running', owner = $3, handover = $4, lease_until = ` + shifted("$5", "$6") + `, updated = $1
	FROM picked WHERE r.rid = picked.rid RETURNING picked.reclaimed, ` + ledger.RunColumns

// Claim leases up to limit due runs, oldest due first. Runs that another
// process has locked are left to it. Runs whose lease has ended have Reclaimed
// set.
func (s *Store) Claim(ctx context.Context, owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error) {
	if limit <= 0 {
		return nil, nil
	}
	s.present(owner)
	handover := newHandover()
	var runs []*event.Run
	err := s.query(ctx, func(row ledger.Scanner) error {
		run, err := ledger.ScanClaimed(row)
		runs = append(runs, run)
		return err
	}, claimText, ledger.Micros(now), limit, owner, handover, ledger.Micros(leaseUntil), s.sent())
	if err != nil {
		s.lose(handover)
		return nil, fmt.Errorf("claim runs: %w", err)
	}
	slices.SortStableFunc(runs, func(a, b *event.Run) int { return a.Due.Compare(b.Due) })
	return runs, nil
}

// Renew extends the leases of all runs that the owner is carrying out.
func (s *Store) Renew(ctx context.Context, owner string, leaseUntil time.Time) error {
	text := `UPDATE gavel_runs SET lease_until = ` + shifted("$2", "$4") + ` WHERE rid IN (
		SELECT rid FROM gavel_runs WHERE status = 'running' AND owner = $1 AND handover <> ALL($3::bigint[])
		ORDER BY rid FOR UPDATE)`
	if err := s.exec(ctx, text, owner, ledger.Micros(leaseUntil), s.lostHandovers(), s.sent()); err != nil {
		return fmt.Errorf("renew leases: %w", err)
	}
	return nil
}

// Release returns all runs that the owner is still carrying out: they are
// pending and due now, with InFlight as stored.
func (s *Store) Release(ctx context.Context, owner string, now time.Time) error {
	text := `WITH released AS (UPDATE gavel_runs SET status = 'pending', due = ` + shifted("$2", "$4") + `, updated = $2, owner = NULL, lease_until = 0
		WHERE rid IN (SELECT rid FROM gavel_runs WHERE status = 'running' AND owner = $1 ORDER BY rid FOR UPDATE) RETURNING rid)
		SELECT pg_notify('` + channel + `', $3) FROM released LIMIT 1`
	if err := s.exec(ctx, text, owner, ledger.Micros(now), s.self, s.sent()); err != nil {
		return fmt.Errorf("release runs: %w", err)
	}
	return nil
}

// NextDue returns when, by the caller's clock, the next run is due or a lease
// ends; the zero time if there is none.
func (s *Store) NextDue(ctx context.Context) (time.Time, error) {
	// Separate subqueries, so that each reads only the start of its own small
	// index.
	text := `SELECT coalesce(least(
		(SELECT due FROM gavel_runs WHERE NOT held AND status IN ('pending', 'waiting') ORDER BY due LIMIT 1),
		(SELECT lease_until FROM gavel_runs WHERE status = 'running' ORDER BY lease_until LIMIT 1)) - ` + shift("$1") + `, 0)`
	var due int64
	if err := s.row(ctx, []any{&due}, text, s.sent()); err != nil {
		return time.Time{}, fmt.Errorf("next due run: %w", err)
	}
	return ledger.Time(due), nil
}

// A connection can break after the server has committed and before its answer
// arrives. Runs handed over in that answer are leased to a process that does
// not know of them, and renewing all its leases would keep them from everybody
// for as long as the process lives. So every handover has a number, and those
// whose answer did not come are not renewed: their leases end, and the runs are
// claimed again.

// mostLost bounds what is remembered; leases end long before so many answers
// are lost.
const mostLost = 1000

func newHandover() int64 { return rand.Int64() }

func (s *Store) lose(handover int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lost) == mostLost {
		s.lost = s.lost[1:]
	}
	s.lost = append(s.lost, handover)
}

func (s *Store) lostHandovers() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int64{}, s.lost...)
}
