package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

const (
	// Events are numbered before they are committed, so some below the mark
	// appear late. Every stragglersEach, the last stragglers numbers are
	// checked for them.
	stragglers     = 50_000
	stragglersEach = 15 * time.Second
)

// Index indexes up to limit events that are not indexed yet, and returns how
// many. It is separate from Accept, because it costs more than storing an
// event. While another process is indexing it does nothing.
func (s *Store) Index(ctx context.Context, limit int) (int, error) {
	n := 0
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var mark, newest int64
		err := tx.QueryRow(ctx, `SELECT value, (SELECT coalesce(max(seq), 0) FROM gavel_events) FROM gavel_marks
			WHERE name = $1 FOR UPDATE SKIP LOCKED`, ledger.IndexedMark).Scan(&mark, &newest)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		from := mark
		if now := s.clock().UnixNano(); now-s.straggled.Load() > int64(stragglersEach) {
			s.straggled.Store(now)
			from = mark - stragglers
		} else if newest <= mark {
			return nil
		}
		n, err = index(ctx, tx, from, mark, limit)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("index events: %w", err)
	}
	return n, nil
}

func index(ctx context.Context, tx pgx.Tx, from, mark int64, limit int) (int, error) {
	// The lock keeps an event from being erased between reading and indexing.
	const missing = `SELECT ` + ledger.EventColumns + ` FROM gavel_events e WHERE e.seq > $1 AND NOT EXISTS (SELECT 1 FROM gavel_search s WHERE s.seq = e.seq)
		ORDER BY e.seq LIMIT $2 FOR SHARE OF e`
	rows, err := tx.Query(ctx, missing, from, limit)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var (
		seqs  []int64
		words []string
	)
	err = each(func(row ledger.Scanner) error {
		rec, err := ledger.ScanEvent(row)
		if err == nil {
			seqs, words = append(seqs, rec.Seq), append(words, ledger.IndexedWords(rec.Event))
			mark = max(mark, rec.Seq)
		}
		return err
	})(rows)
	if err != nil || len(seqs) == 0 {
		return 0, err
	}
	b := &pgx.Batch{}
	b.Queue(`INSERT INTO gavel_search (seq, words)
		SELECT n.seq, array_to_tsvector(array_remove(string_to_array(n.words, ' '), '')) FROM unnest($1::bigint[], $2::text[]) AS n(seq, words)
		ON CONFLICT DO NOTHING`, seqs, words)
	b.Queue(`UPDATE gavel_marks SET value = $2 WHERE name = $1`, ledger.IndexedMark, mark)
	return len(seqs), tx.SendBatch(ctx, b).Close()
}

// Search returns the numbers of up to limit matching indexed events between
// after and before (0 means no bound), newest first. Up to number upTo all
// events are indexed.
func (s *Store) Search(ctx context.Context, what search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	if err := s.row(ctx, []any{&upTo}, `SELECT value FROM gavel_marks WHERE name = $1`, ledger.IndexedMark); err != nil {
		return nil, 0, fmt.Errorf("search events: %w", err)
	}
	seqs, err = s.walk(ctx, what, max(after, min(before, upTo+1)-nearby), before, limit)
	if err == nil && len(seqs) < limit {
		seqs, err = s.gather(ctx, what, after, before, limit)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("search events: %w", err)
	}
	return seqs, upTo, nil
}

// nearby is how many events are read in the order of their numbers before the
// search index is used: it has no order, so frequent words are slow, and the
// database cannot know which words were frequent only long ago.
const nearby = 5_000

// walk reads events one by one, the newest first.
func (s *Store) walk(ctx context.Context, what search.Query, after, before int64, limit int) ([]int64, error) {
	return s.numbers(ctx, `WITH near AS MATERIALIZED (SELECT seq, words FROM gavel_search WHERE seq > $2 AND seq < $3)
		SELECT seq FROM near WHERE words @@ $1::tsquery ORDER BY seq DESC LIMIT $4`,
		ledger.SearchTSQuery(what), after, before, limit)
}

// gather reads all matches from the search index.
func (s *Store) gather(ctx context.Context, what search.Query, after, before int64, limit int) ([]int64, error) {
	return s.numbers(ctx, `WITH found AS MATERIALIZED (SELECT seq FROM gavel_search WHERE words @@ $1::tsquery)
		SELECT seq FROM found WHERE seq > $2 AND seq < $3 ORDER BY seq DESC LIMIT $4`,
		ledger.SearchTSQuery(what), after, before, limit)
}

func (s *Store) numbers(ctx context.Context, query string, args ...any) (seqs []int64, err error) {
	err = s.look(ctx, func(row ledger.Scanner) error {
		var seq int64
		err := row.Scan(&seq)
		seqs = append(seqs, seq)
		return err
	}, query, args...)
	return seqs, err
}
