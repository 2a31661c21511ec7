package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
)

const (
	// Events are numbered before they are committed, so some below the mark
	// appear late. Every stragglersEach, the last stragglers numbers are
	// checked for them.
	stragglers     = 50_000
	stragglersEach = 15 * time.Second

	partColumns = "part, first, last, size, blocks, heads"
	partsText   = "SELECT " + partColumns + " FROM gavel_search_parts WHERE part > 0 AND last > $1 AND first < $2"

	// erasures is a mark that changes when events are erased.
	erasures  = "erasures"
	countMark = "INSERT INTO gavel_marks AS m (name, value) VALUES ('" + erasures + "', 1) ON CONFLICT (name) DO UPDATE SET value = m.value + 1"
	// indexText takes the lock of whoever changes the index.
	indexText = "SELECT value, coalesce((SELECT value FROM gavel_marks WHERE name = '" + erasures + "'), 0) FROM gavel_marks WHERE name = $1 FOR UPDATE"
)

// Index indexes up to limit events that are not indexed yet, and returns how
// many. It is separate from Accept, so that nobody waits for it. While another
// process is indexing it does nothing.
func (s *Store) Index(ctx context.Context, limit int) (int, error) {
	n := 0
	err := s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		i := indexing{s: s, tx: tx, limit: limit}
		err := tx.QueryRow(ctx, indexText+" SKIP LOCKED", ledger.IndexedMark).Scan(&i.mark, &i.erasures)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		n, err = i.index(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("index events: %w", err)
	}
	return n, nil
}

// indexing is one call of Index, which has the lock.
type indexing struct {
	s        *Store
	tx       pgx.Tx
	mark     int64
	erasures int64
	limit    int
}

func (i *indexing) index(ctx context.Context) (int, error) {
	seqs, err := i.next(ctx)
	if err != nil || len(seqs) == 0 {
		return 0, err
	}
	draft, err := i.draft(ctx, seqs)
	if err != nil {
		return 0, err
	}
	part := draft.Build()
	if err := i.add(ctx, part); err != nil {
		return 0, err
	}
	if _, err := i.tx.Exec(ctx, "UPDATE gavel_marks SET value = $2 WHERE name = $1", ledger.IndexedMark, max(i.mark, part.Last)); err != nil {
		return 0, err
	}
	return part.Size, i.merge(ctx)
}

// next returns the numbers of the next events.
func (i *indexing) next(ctx context.Context) ([]int64, error) {
	if now := i.s.clock().UnixNano(); now-i.s.straggled.Load() > int64(stragglersEach) {
		i.s.straggled.Store(now)
		seqs, err := i.stragglers(ctx)
		if err != nil || len(seqs) > 0 {
			return seqs, err
		}
	}
	return i.numbers(ctx, "SELECT e.seq FROM gavel_events e WHERE e.seq > $1 ORDER BY e.seq LIMIT $2", i.mark, i.limit)
}

// stragglers returns numbers below the mark that no part has.
func (i *indexing) stragglers(ctx context.Context) ([]int64, error) {
	known := []int64{}
	parts, err := readParts(ctx, i.tx, partsText, i.mark-stragglers, i.mark+1)
	if err != nil {
		return nil, err
	}
	firsts, byPart := make([]int64, len(parts)), make(map[int64]*lexicon.Part, len(parts))
	for n := range parts {
		firsts[n], byPart[parts[n].Number] = lexicon.ID(parts[n].Number, 0), &parts[n]
	}
	err = words{i.tx}.Blocks(ctx, firsts, func(id int64, first []byte) error {
		listed, err := byPart[lexicon.PartOf(id)].Listed(first)
		known = append(known, listed...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return i.numbers(ctx, `SELECT e.seq FROM gavel_events e WHERE e.seq > $1 AND e.seq <= $2
		AND NOT EXISTS (SELECT 1 FROM unnest($3::bigint[]) AS known(seq) WHERE known.seq = e.seq) ORDER BY e.seq LIMIT $4`,
		i.mark-stragglers, i.mark, known, i.limit)
}

func (i *indexing) numbers(ctx context.Context, text string, args ...any) ([]int64, error) {
	rows, err := i.tx.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// draft collects the words of events; it reads those that this process has not
// stored just now. Nobody can erase one of them meanwhile.
func (i *indexing) draft(ctx context.Context, seqs []int64) (*lexicon.Draft, error) {
	var (
		known   = i.s.recent.Behind(i.mark, i.erasures)
		words   = make(map[int64][]string, len(seqs))
		missing []int64
		draft   lexicon.Draft
	)
	for _, seq := range seqs {
		if ev := known(seq); ev != nil {
			words[seq] = search.Words(ev)
		} else {
			missing = append(missing, seq)
		}
	}
	if len(missing) > 0 {
		rows, err := i.tx.Query(ctx, "SELECT "+ledger.EventColumns+" FROM gavel_events e WHERE e.seq = ANY($1::bigint[])", missing)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		err = each(func(row ledger.Scanner) error {
			rec, err := ledger.ScanEvent(row)
			if err == nil {
				words[rec.Seq] = search.Words(rec.Event)
			}
			return err
		})(rows)
		if err != nil {
			return nil, err
		}
	}
	for _, seq := range seqs {
		if !draft.Add(seq, words[seq]) {
			break
		}
	}
	return &draft, nil
}

// add stores a part under a new number.
func (i *indexing) add(ctx context.Context, c *lexicon.Content) error {
	if err := i.tx.QueryRow(ctx, "SELECT 1 + coalesce(max(part), 0) FROM gavel_search_parts").Scan(&c.Part.Number); err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue("INSERT INTO gavel_search_parts ("+partColumns+") VALUES ($1, $2, $3, $4, $5, $6)", c.Number, c.First, c.Last, c.Size, c.Blocks, c.Heads)
	b.Queue("INSERT INTO gavel_search_blocks (id, block) SELECT * FROM unnest($1::bigint[], $2::bytea[])", c.IDs(), c.Data)
	return i.tx.SendBatch(ctx, b).Close()
}

// merge merges small parts of the index if there are many.
func (i *indexing) merge(ctx context.Context) error {
	parts, err := readParts(ctx, i.tx, "SELECT part, first, last, size, blocks, ''::bytea FROM gavel_search_parts WHERE part > 0")
	chosen := lexicon.Mergeable(parts)
	if err != nil || len(chosen) == 0 {
		return err
	}
	merged, err := lexicon.Gather(ctx, words{i.tx}, chosen)
	if err != nil {
		return err
	}
	if err := i.add(ctx, merged); err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, p := range chosen {
		dropPart(b, p.Number)
	}
	return i.tx.SendBatch(ctx, b).Close()
}

func dropPart(b *pgx.Batch, number int64) {
	b.Queue("DELETE FROM gavel_search_parts WHERE part = $1", number)
	b.Queue("DELETE FROM gavel_search_blocks WHERE id >= $1 AND id < $2", lexicon.ID(number, 0), lexicon.ID(number+1, 0))
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
	if seqs, err = lexicon.Find(ctx, words{s.pool}, what, after, before, limit); err != nil {
		return nil, 0, fmt.Errorf("search events: %w", err)
	}
	return seqs, upTo, nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, text string, args ...any) (pgx.Rows, error)
}

// words is the stored index.
type words struct{ querier }

// Parts implements lexicon.Source.
func (w words) Parts(ctx context.Context, after, before int64) ([]lexicon.Part, error) {
	return readParts(ctx, w, partsText, after, before)
}

func readParts(ctx context.Context, from querier, text string, args ...any) ([]lexicon.Part, error) {
	rows, err := from.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p lexicon.Part, err error) {
		err = row.Scan(&p.Number, &p.First, &p.Last, &p.Size, &p.Blocks, &p.Heads)
		return p, err
	})
}

// Blocks implements lexicon.Source.
func (w words) Blocks(ctx context.Context, ids []int64, read func(int64, []byte) error) error {
	// Sorted, they are found in the order that they have in the table.
	slices.Sort(ids)
	rows, err := w.Query(ctx, "SELECT id, block FROM gavel_search_blocks WHERE id = ANY($1::bigint[])", ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	return each(func(row ledger.Scanner) error {
		var (
			id    int64
			block []byte
		)
		if err := row.Scan(&id, &block); err != nil {
			return err
		}
		return read(id, block)
	})(rows)
}
