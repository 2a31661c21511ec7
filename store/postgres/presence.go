package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// A process that is killed leaves leases behind, and nobody should have to wait
// for their end when it is plain that nobody holds them. So each process that
// leases runs is listed in gavel_processes and holds an advisory lock over the
// connection that listens. The server frees the lock when the process dies; the
// others notice and end its leases.
//
// A process that only loses its connection takes the lock again before the others
// have looked twice. One that was connected to another start of the
// server may not have come back yet; its leases run their course.

const (
	presenceSpace = 0x67766d // keeps these advisory locks apart from others ("gvm")
	lookEvery     = 2 * time.Second
)

// present says under which owner this process leases runs. The first counts.
func (s *Store) present(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != "" {
		return
	}
	s.owner = owner
	if s.again != nil {
		s.again() // to hold the lock
	}
}

func (s *Store) presentAs() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner
}

// appear takes the lock of this process, and lists it. The lock is not free while
// the server has not noticed that an earlier connection is gone.
func appear(ctx context.Context, conn *pgx.Conn, owner string) (locked bool, err error) {
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, $2)`, presenceSpace, lockKey(owner)).Scan(&locked)
	if err != nil || !locked {
		return false, err
	}
	_, err = conn.Exec(ctx, `INSERT INTO gavel_processes (owner, lock, started) VALUES ($1, $2, pg_postmaster_start_time())
		ON CONFLICT (owner) DO UPDATE SET started = excluded.started`, owner, lockKey(owner))
	return err == nil, err
}

const (
	goneText = `SELECT owner FROM gavel_processes p WHERE p.started = pg_postmaster_start_time() AND NOT EXISTS (
		SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid::bigint = $1
			AND l.objid::bigint = p.lock::bigint & 4294967295
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`
	endText = `WITH gone AS (DELETE FROM gavel_processes WHERE owner = $1 RETURNING owner)
		UPDATE gavel_runs SET lease_until = least(lease_until, ` + serverNow + `) WHERE rid IN (
			SELECT r.rid FROM gavel_runs r JOIN gone ON gone.owner = r.owner WHERE r.status = 'running' ORDER BY r.rid FOR UPDATE OF r)`
)

// lookAround ends the leases of processes that are gone, until ctx ends.
func (s *Store) lookAround(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	missed := map[string]bool{} // at the last look
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.presentAs() == "" {
			continue // this process leases nothing
		}
		gone, err := s.gone(ctx)
		if err != nil {
			clear(missed) // what was seen before a fault counts no more
			continue
		}
		missed = s.endLeases(ctx, gone, missed)
	}
}

func (s *Store) gone(ctx context.Context) (owners []string, err error) {
	err = s.query(ctx, func(row ledger.Scanner) error {
		var owner string
		err := row.Scan(&owner)
		owners = append(owners, owner)
		return err
	}, goneText, presenceSpace)
	return owners, err
}

// endLeases ends the leases of those that were missed twice, and returns whom it
// has missed once.
func (s *Store) endLeases(ctx context.Context, gone []string, missed map[string]bool) map[string]bool {
	once := map[string]bool{}
	for _, owner := range gone {
		if !missed[owner] || owner == s.presentAs() {
			once[owner] = true
			continue
		}
		if s.exec(ctx, endText, owner) == nil {
			s.wake()
		}
	}
	return once
}
