package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/sqlite/issues"
	"github.com/gavel-rules/gavel/store/sqlite/space"
)

// pruneBatch bounds how long pruning blocks the writer.
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
		err := s.writer.do(ctx, func(tx *session) (err error) {
			n, err = tx.prune(ledger.Micros(before), batch)
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
	err := s.writer.do(ctx, func(tx *session) error {
		return errors.Join(tx.pruneWindows(ledger.Micros(before)), tx.pruneRevisions(ledger.Micros(before)), issues.Prune(tx.Conn, ledger.Micros(before)))
	})
	if err != nil {
		return fmt.Errorf("prune windows, revisions and issues: %w", err)
	}
	return nil
}

// PruneEvents deletes those of the given events that may still be deleted, as
// Prune does, and returns how many.
func (s *Store) PruneEvents(ctx context.Context, events []event.Ref) (int, error) {
	total := 0
	for batch := range slices.Chunk(events, pruneBatch) {
		err := s.writer.do(ctx, func(tx *session) error {
			gone, err := tx.stillEnded(batch)
			if err != nil {
				return err
			}
			total += len(gone)
			return tx.remove(gone)
		})
		if err != nil {
			return total, fmt.Errorf("prune: %w", err)
		}
	}
	return total, nil
}

// Both check that an event may be deleted.
var (
	oldText = `SELECT e.seq FROM events e INDEXED BY events_received WHERE e.received < ?1 AND ` + reader.SQLite().Ended() + `
		ORDER BY e.received LIMIT ?2`
	stillText = `SELECT e.seq FROM events e WHERE e.seq = ?1 AND ` + reader.SQLite().Bare("e.id") + ` = ?2 AND ` + reader.SQLite().Ended()
)

func (s *session) stillEnded(events []event.Ref) ([]int64, error) {
	var out []int64
	for _, ref := range events {
		err := s.Scan(func(row ledger.Scanner) error {
			var seq int64
			err := row.Scan(&seq)
			out = append(out, seq)
			return err
		}, stillText, ref.Seq, ref.ID)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PruneMemory deletes what has expired in memory, and returns how much.
func (s *Store) PruneMemory(ctx context.Context, now time.Time, limit int) (n int, err error) {
	err = s.writer.do(ctx, func(tx *session) error {
		n, err = reader.SQLite().PruneMemory(tx.Conn, now, limit)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("prune memory: %w", err)
	}
	return n, nil
}

// shrinkPages is how many pages one transaction gives back, so that commits
// wait for a few milliseconds only.
const shrinkPages = 100

// Size implements store.Store.
func (s *Store) Size(ctx context.Context) (event.Size, error) {
	var l space.Layout
	if err := s.query(ctx, l.Scan, space.Text); err != nil {
		return event.Size{}, fmt.Errorf("size of the database: %w", err)
	}
	return l.Size(s.file), nil
}

// Shrink implements store.Store. The file gets smaller soon after the last
// call, when the log is written into it.
func (s *Store) Shrink(ctx context.Context, most int64) (int64, error) {
	var l space.Layout
	if err := s.query(ctx, l.Scan, space.Text); err != nil {
		return 0, fmt.Errorf("shrink the database: %w", err)
	}
	pages, given := min(l.Surplus(), most/l.PageSize), int64(0)
	for given < pages {
		n := min(shrinkPages, pages-given)
		err := s.writer.do(ctx, func(tx *session) error {
			return tx.Scan(func(ledger.Scanner) error { return nil }, space.Give(n))
		})
		if err != nil {
			return given * l.PageSize, fmt.Errorf("shrink the database: %w", err)
		}
		given += n
	}
	if given > 0 && s.checkpoints != nil {
		s.checkpoints.soon.Store(true)
	}
	return given * l.PageSize, nil
}

// Exclusive always succeeds: only one process serves from the file.
func (s *Store) Exclusive(context.Context, string) (release func(), ok bool, err error) {
	return func() {}, true, nil
}

func (s *session) prune(before int64, limit int) (int, error) {
	var seqs []int64
	err := s.Scan(func(row ledger.Scanner) error {
		var seq int64
		err := row.Scan(&seq)
		seqs = append(seqs, seq)
		return err
	}, oldText, before, limit)
	if err != nil {
		return 0, err
	}
	return len(seqs), s.remove(seqs)
}

// remove deletes events with everything that belongs to them.
func (s *session) remove(seqs []int64) error {
	statements := []string{
		"DELETE FROM attempts WHERE rid IN (SELECT rid FROM runs WHERE event_seq = ?1)",
		"DELETE FROM runs WHERE event_seq = ?1",
		"DELETE FROM window_events WHERE event_seq = ?1",
		`DELETE FROM memories WHERE key = (SELECT 'meeting/' || meeting FROM events WHERE seq = ?1)
			AND NOT EXISTS (SELECT 1 FROM events o WHERE o.meeting = (SELECT meeting FROM events WHERE seq = ?1) AND o.seq <> ?1)`,
		fmt.Sprintf("DELETE FROM facts WHERE block = ?1 / %d", event.FactsWidth),
		"DELETE FROM events WHERE seq = ?1",
		"INSERT INTO marks (name, value) VALUES ('seq', ?1) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
	}
	for _, seq := range seqs {
		if err := issues.Forget(s.Conn, seq); err != nil {
			return err
		}
		for _, text := range statements {
			if _, err := s.Exec(text, seq); err != nil {
				return err
			}
		}
	}
	if len(seqs) == 0 {
		return nil
	}
	const widen = "INSERT INTO marks (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = "
	_, first := s.Exec(widen+"min(value, excluded.value)", ledger.ForgetFirst, slices.Min(seqs))
	_, last := s.Exec(widen+"max(value, excluded.value)", ledger.ForgetLast, slices.Max(seqs))
	_, erased := s.Exec(countMark)
	return errors.Join(first, last, erased)
}

// pruneWords removes the words of deleted events from the search index, a part
// at a time. Doing it with each batch would write every part many times.
func (s *Store) pruneWords(ctx context.Context) error {
	var first, last int64
	err := s.query(ctx, func(row ledger.Scanner) error { return row.Scan(&first, &last) },
		"SELECT ifnull(max(CASE name WHEN ?1 THEN value END), 0), ifnull(max(CASE name WHEN ?2 THEN value END), 0) FROM marks", ledger.ForgetFirst, ledger.ForgetLast)
	if err != nil || last == 0 {
		return err
	}
	parts, err := words{s}.Parts(ctx, first-1, last+1)
	if err != nil {
		return err
	}
	for _, p := range parts {
		err := s.writer.do(ctx, func(tx *session) error { return tx.pruneWords(p.Number) })
		if errors.Is(err, sql.ErrNoRows) {
			return nil // it has just been merged: next time
		}
		if err != nil {
			return err
		}
	}
	// More may have been deleted meanwhile.
	return s.writer.do(ctx, func(tx *session) error {
		_, err := tx.Exec("DELETE FROM marks WHERE name IN (?1, ?2) AND (SELECT value FROM marks WHERE name = ?1) = ?3 AND (SELECT value FROM marks WHERE name = ?2) = ?4",
			ledger.ForgetFirst, ledger.ForgetLast, first, last)
		return err
	})
}

// pruneWords removes from a part what is not stored any more; sql.ErrNoRows if
// there is no such part. A part without events goes.
func (s *session) pruneWords(number int64) error {
	var (
		p    lexicon.Part
		head []byte
	)
	err := s.One([]any{&p.Number, &p.First, &p.Last, &p.Size, &p.Blocks, &p.Heads, &head},
		"SELECT "+partColumns+", (SELECT block FROM search_blocks WHERE id = ?2) FROM search_parts WHERE part = ?1", number, lexicon.ID(number, 0))
	if err != nil {
		return err
	}
	listed, err := p.Listed(head)
	if err != nil {
		return err
	}
	stored := map[int64]bool{}
	err = s.Scan(func(row ledger.Scanner) error {
		var seq int64
		err := row.Scan(&seq)
		stored[seq] = true
		return err
	}, "SELECT seq FROM events WHERE seq >= ?1 AND seq <= ?2", p.First, p.Last)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(slices.Clone(listed), func(seq int64) bool { return stored[seq] })
	if len(gone) == 0 {
		return nil
	}
	if _, err := s.Exec(countMark); err != nil {
		return err
	}
	if len(gone) < len(listed) {
		_, err := s.Exec("UPDATE search_parts SET size = ?2 WHERE part = ?1", p.Number, len(listed)-len(gone))
		return errors.Join(err, s.forgetWords(&p, gone, false))
	}
	_, err = s.Exec("DELETE FROM search_parts WHERE part = ?1", p.Number)
	return errors.Join(err, s.dropBlocks(p.Number))
}

// pruneWindows deletes the spans that ended long ago, with their counts of
// suppressed runs.
func (s *session) pruneWindows(before int64) error {
	_, err := s.Exec("DELETE FROM windows WHERE until < ?1", before)
	return err
}

// pruneRevisions deletes the revisions that no kept event or run refers to. It
// never deletes the one saved last, which is in use even without events.
func (s *session) pruneRevisions(before int64) error {
	const text = `DELETE FROM revisions WHERE saved < ?1 AND used < ?2
		AND revision <> (SELECT revision FROM revisions ORDER BY saved DESC, revision LIMIT 1)
		AND NOT EXISTS (SELECT 1 FROM events e INDEXED BY events_received WHERE e.received < ?1 AND e.revision = revisions.revision)
		AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.revision = revisions.revision
			AND (r.status = 'pending' OR r.status = 'waiting' OR r.status = 'running'))`
	_, err := s.Exec(text, before, before-useEvery)
	return err
}
