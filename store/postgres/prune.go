package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
	"github.com/gavel-rules/gavel/store/postgres/issues"
	"github.com/gavel-rules/gavel/store/postgres/memories"
	"github.com/gavel-rules/gavel/store/postgres/server"
)

// pruneBatch bounds how long pruning holds locks.
const pruneBatch = 100

// Prune deletes up to limit events received before the given time, with their
// runs and history, and returns how many. It keeps an event as long as one of
// its own runs, any run of its meeting, or a run that it was gathered for has
// not ended, because such a run may read these events. When nothing is left to
// delete it also deletes unused revisions.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	total := 0
	for total < limit {
		n := 0
		batch := min(pruneBatch, limit-total)
		err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			n, err = s.prune(ctx, tx, ledger.Micros(before), batch)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("prune: %w", err)
		}
		total += n
		if n == batch {
			continue
		}
		return total, s.PruneRest(ctx, before)
	}
	return total, nil
}

// PruneRest deletes what belonged to events received before the given time:
// windows, unused revisions, issues without runs, and words of the search index.
func (s *Store) PruneRest(ctx context.Context, before time.Time) error {
	if err := s.pruneWords(ctx); err != nil {
		return fmt.Errorf("prune the search index: %w", err)
	}
	if err := s.exec(ctx, `DELETE FROM gavel_windows WHERE until < $1`, ledger.Micros(before)); err != nil {
		return fmt.Errorf("prune windows: %w", err)
	}
	err := s.exec(ctx, issues.PruneIssues, ledger.Micros(before))
	if err == nil {
		err = s.exec(ctx, issues.PruneSpans, ledger.IssueSpan(before))
	}
	if err != nil {
		return fmt.Errorf("prune issues: %w", err)
	}
	if err := s.pruneRevisions(ctx, before); err != nil {
		return fmt.Errorf("prune revisions: %w", err)
	}
	return nil
}

// PruneEvents deletes those of the given events that may still be deleted, as
// Prune does, and returns how many. It waits for events that another
// transaction has locked: an event left behind would be archived again.
func (s *Store) PruneEvents(ctx context.Context, events []event.Ref) (int, error) {
	text := `SELECT e.seq FROM gavel_events e JOIN unnest($1::bigint[], $2::text[]) AS ref(seq, id)
		ON e.seq = ref.seq AND substr(e.id, strpos(e.id, '/') + 1) = ref.id WHERE ` + s.dialect.Ended() + ` ORDER BY e.seq FOR UPDATE OF e`
	total := 0
	for batch := range slices.Chunk(events, pruneBatch) {
		n, seqs, ids := 0, make([]int64, len(batch)), make([]string, len(batch))
		for i, ref := range batch {
			seqs[i], ids[i] = ref.Seq, ref.ID
		}
		err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
			n, err = pruneFound(ctx, tx, text, seqs, ids)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("prune: %w", err)
		}
		total += n
	}
	return total, nil
}

// PruneMemory deletes what has expired in memory, and returns how much.
func (s *Store) PruneMemory(ctx context.Context, now time.Time, limit int) (n int, err error) {
	err = s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		done, err := tx.Exec(ctx, memories.Prune, ledger.Micros(now), limit)
		n = int(done.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune memory: %w", err)
	}
	return n, nil
}

// Exclusive gives a name to one process at a time; ok is false while another
// has it. It is released by release, or when the process dies.
func (s *Store) Exclusive(ctx context.Context, name string) (release func(), ok bool, err error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := s.pool.Acquire(limited)
	if err != nil {
		return nil, false, server.Explain(ctx, err)
	}
	const lock = `SELECT pg_try_advisory_lock(hashtext('gavel'), hashtext($1))`
	if err := conn.QueryRow(limited, lock, name).Scan(&ok); err != nil || !ok {
		conn.Release()
		return nil, false, server.Explain(ctx, err)
	}
	return func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		const unlock = `SELECT pg_advisory_unlock(hashtext('gavel'), hashtext($1))`
		if _, err := conn.Exec(ending, unlock, name); err != nil {
			// The lock belongs to the connection and ends with it.
			_ = conn.Hijack().Close(ending)
			return
		}
		conn.Release()
	}, true, nil
}

func (s *Store) prune(ctx context.Context, tx pgx.Tx, before int64, limit int) (int, error) {
	old := `SELECT e.seq FROM gavel_events e WHERE e.received < $1 AND ` + s.dialect.Ended() + `
		ORDER BY e.received LIMIT $2 FOR UPDATE OF e SKIP LOCKED`
	return pruneFound(ctx, tx, old, before, limit)
}

// pruneFound deletes the events whose numbers a query returns and locks.
func pruneFound(ctx context.Context, tx pgx.Tx, query string, args ...any) (int, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	seqs, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(seqs) == 0 {
		return 0, err
	}
	// A run may have been retried manually since: check again under its lock.
	revived := map[int64]bool{}
	rows, err = tx.Query(ctx, `SELECT event_seq, status FROM gavel_runs WHERE event_seq = ANY($1::bigint[]) ORDER BY rid FOR UPDATE`, seqs)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			seq    int64
			status string
		)
		if err := rows.Scan(&seq, &status); err != nil {
			return 0, err
		}
		revived[seq] = revived[seq] || !event.Status(status).Done()
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	dead := make([]int64, 0, len(seqs))
	for _, seq := range seqs {
		if !revived[seq] {
			dead = append(dead, seq)
		}
	}
	if err := issues.Forget(ctx, tx, dead); err != nil {
		return 0, err
	}
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM gavel_attempts WHERE rid IN (SELECT rid FROM gavel_runs WHERE event_seq = ANY($1::bigint[]))`, dead)
	b.Queue(`DELETE FROM gavel_runs WHERE event_seq = ANY($1::bigint[])`, dead)
	b.Queue(`DELETE FROM gavel_window_events WHERE event_seq = ANY($1::bigint[])`, dead)
	b.Queue(memories.Forget, dead)
	b.Queue(`DELETE FROM gavel_events WHERE seq = ANY($1::bigint[])`, dead)
	if len(dead) > 0 {
		// Last: others wait for these rows until the commit.
		const widen = `INSERT INTO gavel_marks AS m (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = `
		b.Queue(widen+`least(m.value, excluded.value)`, ledger.ForgetFirst, slices.Min(dead))
		b.Queue(widen+`greatest(m.value, excluded.value)`, ledger.ForgetLast, slices.Max(dead))
	}
	queueForgetFacts(b, dead)
	return len(dead), tx.SendBatch(ctx, b).Close()
}

// pruneWords removes the words of deleted events from the search index. Doing it
// with each batch would write every part many times.
func (s *Store) pruneWords(ctx context.Context) error {
	const text = `SELECT coalesce(max(value) FILTER (WHERE name = $1), 0), coalesce(max(value) FILTER (WHERE name = $2), 0) FROM gavel_marks WHERE name IN ($1, $2)`
	var first, last int64
	if err := s.row(ctx, []any{&first, &last}, text, ledger.ForgetFirst, ledger.ForgetLast); err != nil || last == 0 {
		return err
	}
	parts, err := readParts(ctx, s.pool, partsText, first-1, last+1)
	if err != nil {
		return err
	}
	for _, p := range parts {
		err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error { return pruneWords(ctx, tx, p.Number) })
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // it has just been merged: next time
		}
		if err != nil {
			return err
		}
	}
	// More may have been deleted meanwhile.
	return s.exec(ctx, `DELETE FROM gavel_marks WHERE name IN ($1, $2) AND (SELECT value FROM gavel_marks WHERE name = $1) = $3
		AND (SELECT value FROM gavel_marks WHERE name = $2) = $4`, ledger.ForgetFirst, ledger.ForgetLast, first, last)
}

// pruneWords removes from a part what is not stored any more; pgx.ErrNoRows if
// there is no such part. A part without events goes.
func pruneWords(ctx context.Context, tx pgx.Tx, number int64) error {
	if err := lockIndex(ctx, tx); err != nil {
		return err
	}
	var (
		p    lexicon.Part
		head []byte
	)
	err := tx.QueryRow(ctx, "SELECT "+partColumns+", (SELECT block FROM gavel_search_blocks WHERE id = $2) FROM gavel_search_parts WHERE part = $1", number, lexicon.ID(number, 0)).
		Scan(&p.Number, &p.First, &p.Last, &p.Size, &p.Blocks, &p.Heads, &head)
	if err != nil {
		return err
	}
	listed, err := p.Listed(head)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, "SELECT n.seq FROM unnest($1::bigint[]) AS n(seq) WHERE NOT EXISTS (SELECT 1 FROM gavel_events e WHERE e.seq = n.seq)", listed)
	if err != nil {
		return err
	}
	gone, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	switch {
	case err != nil || len(gone) == 0:
		return err
	case len(gone) < len(listed):
		if _, err := tx.Exec(ctx, "UPDATE gavel_search_parts SET size = $2 WHERE part = $1", p.Number, len(listed)-len(gone)); err != nil {
			return err
		}
		return forgetWords(ctx, tx, &p, gone, false)
	}
	b := &pgx.Batch{}
	dropPart(b, p.Number)
	return tx.SendBatch(ctx, b).Close()
}

// pruneRevisions deletes the revisions that no kept event or run refers to. It
// never deletes the one saved last, which is in use even without events.
func (s *Store) pruneRevisions(ctx context.Context, before time.Time) error {
	const text = `DELETE FROM gavel_revisions v WHERE v.saved < $1 AND v.used < $2
		AND v.revision <> (SELECT revision FROM gavel_revisions ORDER BY saved DESC, revision LIMIT 1)
		AND NOT EXISTS (SELECT 1 FROM gavel_events e WHERE e.received < $1 AND e.revision = v.revision)
		AND NOT EXISTS (SELECT 1 FROM gavel_runs r WHERE r.revision = v.revision
			AND r.status IN ('pending', 'waiting', 'running'))`
	return s.exec(ctx, text, ledger.Micros(before), ledger.Micros(before.Add(-useEvery)))
}
