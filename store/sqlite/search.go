package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
)

const (
	partColumns = "part, first, last, size, blocks, heads"
	partsText   = "SELECT " + partColumns + " FROM search_parts WHERE last > ?1 AND first < ?2"
	marksText   = "SELECT ifnull((SELECT value FROM marks WHERE name = '" + ledger.IndexedMark + "'), 0), ifnull((SELECT value FROM marks WHERE name = '" + erasures + "'), 0)"

	// erasures is a mark that changes when events are erased or deleted.
	erasures  = "erasures"
	setMark   = "INSERT INTO marks (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
	countMark = "INSERT INTO marks (name, value) VALUES ('" + erasures + "', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"

	// blocksAtOnce bounds how long writing merged words blocks the writer.
	blocksAtOnce = 64
)

// Index indexes up to limit events that are not indexed yet, and returns how
// many. It is separate from Accept, so that nobody waits for it.
func (s *Store) Index(ctx context.Context, limit int) (int, error) {
	n, err := s.index(ctx, limit)
	if err == nil && n > 0 {
		err = s.mergeWords(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("index events: %w", err)
	}
	return n, nil
}

// marks are how far the index goes, and how often something was erased.
type marks struct{ indexed, erasures int64 }

func (m *marks) scan(row ledger.Scanner) error { return row.Scan(&m.indexed, &m.erasures) }

// index reads and sorts beside the writer, which only stores the result.
func (s *Store) index(ctx context.Context, limit int) (n int, err error) {
	var at marks
	if err := s.query(ctx, at.scan, marksText); err != nil {
		return 0, err
	}
	draft, last, err := s.draft(ctx, at, limit)
	if err != nil || draft.Size() == 0 {
		return 0, err
	}
	part := draft.Build()
	err = s.writer.do(ctx, func(tx *session) error {
		n = 0
		var now marks
		if err := tx.Scan(now.scan, marksText); err != nil || now != at {
			return err // what was read may have been erased: again, with the next call
		}
		n = draft.Size()
		if err := tx.nextPart(&part.Part.Number); err != nil {
			return err
		}
		if err := tx.addBlocks(part, 0, len(part.Data)); err != nil {
			return err
		}
		if err := tx.addPart(part); err != nil {
			return err
		}
		_, err := tx.Exec(setMark, ledger.IndexedMark, last)
		return err
	})
	return n, err
}

// draft collects the words of the next events: of those that were stored just
// now, or otherwise of those that it reads.
func (s *Store) draft(ctx context.Context, at marks, limit int) (draft lexicon.Draft, last int64, err error) {
	known := s.recent.Behind(at.indexed, at.erasures)
	// Numbers follow one another, so nothing is between two that are known.
	for last = at.indexed; draft.Size() < limit; last++ {
		ev := known(last + 1)
		if ev == nil || !draft.Add(last+1, search.Words(ev)) {
			break
		}
	}
	if draft.Size() > 0 {
		return draft, last, nil
	}
	full := false
	err = s.query(ctx, func(row ledger.Scanner) error {
		rec, err := ledger.ScanEvent(row)
		if err != nil || full {
			return err
		}
		if full = !draft.Add(rec.Seq, search.Words(rec.Event)); !full {
			last = rec.Seq
		}
		return nil
	}, "SELECT "+ledger.EventColumns+" FROM events e WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2", at.indexed, limit)
	return draft, last, err
}

// nextPart returns a number that no part and no block has.
func (s *session) nextPart(number *int64) error {
	return s.One([]any{number}, "SELECT 1 + max(ifnull((SELECT max(part) FROM search_parts), 0), ifnull((SELECT max(id) FROM search_blocks) >> 20, 0))")
}

func (s *session) addPart(c *lexicon.Content) error {
	_, err := s.Exec("INSERT INTO search_parts ("+partColumns+") VALUES (?1, ?2, ?3, ?4, ?5, ?6)", c.Number, c.First, c.Last, c.Size, c.Blocks, c.Heads)
	return err
}

func (s *session) addBlocks(c *lexicon.Content, from, to int) error {
	for i := from; i < to; i++ {
		if _, err := s.Exec("INSERT INTO search_blocks (id, block) VALUES (?1, ?2)", lexicon.ID(c.Number, i), c.Data[i]); err != nil {
			return err
		}
	}
	return nil
}

func scanPart(row ledger.Scanner) (p lexicon.Part, err error) {
	err = row.Scan(&p.Number, &p.First, &p.Last, &p.Size, &p.Blocks, &p.Heads)
	return p, err
}

// mergeWords merges small parts of the index if there are many. It writes the
// new part piece by piece before it is in use.
func (s *Store) mergeWords(ctx context.Context) error {
	var at marks
	if err := s.query(ctx, at.scan, marksText); err != nil {
		return err
	}
	shelf := words{s}
	parts, err := shelf.read(ctx, "SELECT part, first, last, size, blocks, x'' FROM search_parts")
	chosen := lexicon.Mergeable(parts)
	if err != nil || len(chosen) == 0 {
		return err
	}
	merged, err := lexicon.Gather(ctx, shelf, chosen)
	if err != nil {
		return err
	}
	for from := 0; from < len(merged.Data); from += blocksAtOnce {
		err := s.writer.do(ctx, func(tx *session) error {
			if from == 0 {
				if err := tx.nextPart(&merged.Part.Number); err != nil {
					return err
				}
			}
			return tx.addBlocks(merged, from, min(from+blocksAtOnce, len(merged.Data)))
		})
		if err != nil {
			return err
		}
	}
	err = s.writer.do(ctx, func(tx *session) error {
		var now marks
		if err := tx.Scan(now.scan, marksText); err != nil || now != at {
			return err
		}
		for _, p := range chosen {
			if _, err := tx.Exec("DELETE FROM search_parts WHERE part = ?1", p.Number); err != nil {
				return err
			}
		}
		return tx.addPart(merged)
	})
	if err != nil {
		return err
	}
	return s.sweep(ctx)
}

// sweep deletes blocks without a part: of parts that were merged, or were to be
// when the process died.
func (s *Store) sweep(ctx context.Context) error {
	const text = `WITH RECURSIVE numbers (n) AS (
		SELECT min(id) >> 20 FROM search_blocks
		UNION ALL
		SELECT (SELECT min(id) >> 20 FROM search_blocks WHERE id >= (n + 1) << 20) FROM numbers WHERE n IS NOT NULL)
		SELECT n FROM numbers WHERE n IS NOT NULL AND n NOT IN (SELECT part FROM search_parts)`
	var gone []int64
	err := s.query(ctx, func(row ledger.Scanner) error {
		var n int64
		err := row.Scan(&n)
		gone = append(gone, n)
		return err
	}, text)
	for group := range slices.Chunk(gone, 4) {
		if err != nil {
			break
		}
		err = s.writer.do(ctx, func(tx *session) error {
			for _, n := range group {
				if err := tx.dropBlocks(n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

func (s *session) dropBlocks(part int64) error {
	_, err := s.Exec("DELETE FROM search_blocks WHERE id >= ?1 AND id < ?2", lexicon.ID(part, 0), lexicon.ID(part+1, 0))
	return err
}

// Search returns the numbers of up to limit matching indexed events between
// after and before (0 means no bound), newest first. Up to number upTo all
// events are indexed.
func (s *Store) Search(ctx context.Context, what search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	var at marks
	if err := s.query(ctx, at.scan, marksText); err != nil {
		return nil, 0, fmt.Errorf("search events: %w", err)
	}
	if seqs, err = lexicon.Find(ctx, words{s}, what, after, before, limit); err != nil {
		return nil, 0, fmt.Errorf("search events: %w", err)
	}
	return seqs, at.indexed, nil
}

// words is the stored index.
type words struct{ *Store }

// Parts implements lexicon.Source.
func (w words) Parts(ctx context.Context, after, before int64) ([]lexicon.Part, error) {
	return w.read(ctx, partsText, after, before)
}

func (w words) read(ctx context.Context, text string, args ...any) (parts []lexicon.Part, err error) {
	err = w.query(ctx, func(row ledger.Scanner) error {
		p, err := scanPart(row)
		parts = append(parts, p)
		return err
	}, text, args...)
	return parts, err
}

// Blocks implements lexicon.Source.
func (w words) Blocks(ctx context.Context, ids []int64, read func(int64, []byte) error) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return w.query(ctx, func(row ledger.Scanner) error {
		var (
			id    int64
			block []byte
		)
		if err := row.Scan(&id, &block); err != nil {
			return err
		}
		return read(id, block)
	}, "SELECT id, block FROM search_blocks WHERE id IN (SELECT value FROM json_each(?1))", string(list))
}
