package sqlite

import (
	"context"
	"fmt"
	"math"

	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

const markText = "ifnull((SELECT value FROM marks WHERE name = '" + ledger.IndexedMark + "'), 0)"

// Index indexes up to limit events that are not indexed yet, and returns how
// many. It is separate from Accept, because it costs more than storing an
// event.
func (s *Store) Index(ctx context.Context, limit int) (int, error) {
	var there bool
	if err := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM events WHERE seq > "+markText+")").Scan(&there); err != nil || !there {
		return 0, s.explain(err)
	}
	n := 0
	err := s.writer.do(ctx, func(tx *session) (err error) {
		n, err = tx.index(limit)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("index events: %w", err)
	}
	return n, nil
}

// indexed is an event with its words.
type indexed struct {
	seq   int64
	words string
}

func (s *session) index(limit int) (int, error) {
	var list []indexed
	err := s.Scan(func(row ledger.Scanner) error {
		rec, err := ledger.ScanEvent(row)
		if err == nil {
			list = append(list, indexed{rec.Seq, ledger.IndexedWords(rec.Event)})
		}
		return err
	}, "SELECT "+ledger.EventColumns+" FROM events e WHERE e.seq > "+markText+" ORDER BY e.seq LIMIT ?1", limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	for _, e := range list {
		if _, err := s.Exec("INSERT OR REPLACE INTO search (rowid, words) VALUES (?1, ?2)", e.seq, e.words); err != nil {
			return 0, err
		}
	}
	_, err = s.Exec("INSERT INTO marks (name, value) VALUES ('"+ledger.IndexedMark+"', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		list[len(list)-1].seq)
	return len(list), err
}

// Search returns the numbers of up to limit matching indexed events between
// after and before (0 means no bound), newest first. Up to number upTo all
// events are indexed.
func (s *Store) Search(ctx context.Context, what search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	if err := s.read.QueryRowContext(ctx, "SELECT "+markText).Scan(&upTo); err != nil {
		return nil, 0, fmt.Errorf("search events: %w", s.explain(err))
	}
	const text = "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid > ?2 AND rowid < ?3 ORDER BY rowid DESC LIMIT ?4"
	err = s.query(ctx, func(row ledger.Scanner) error {
		var seq int64
		err := row.Scan(&seq)
		seqs = append(seqs, seq)
		return err
	}, text, ledger.SearchFTS5(what), after, before, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("search events: %w", err)
	}
	return seqs, upTo, nil
}
