package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
	"github.com/gavel-rules/gavel/store/internal/reader"
)

// Erase replaces the body of an event and removes what its runs sent and
// received. The old content is overwritten in the file.
func (s *Store) Erase(ctx context.Context, ref string, replacement []byte, reason string) error {
	id, err := reader.EventKey(ctx, s.Reader, ref)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	err = s.writer.do(ctx, func(tx *session) error {
		n, err := tx.Exec("UPDATE events SET body = ?2 WHERE id = ?1", id, body(replacement))
		if err != nil {
			return err
		}
		if n == 0 {
			return event.ErrNotFound
		}
		if err := tx.unindex(id); err != nil {
			return err
		}
		if err := errors.Join(tx.forgetFacts(id), reader.SQLite().EraseMemory(tx.Conn, id)); err != nil {
			return err
		}
		const runs = "(SELECT rid FROM runs WHERE event_seq = (SELECT seq FROM events WHERE id = ?1))"
		if _, err := tx.Exec("UPDATE attempts SET request = NULL, response = NULL, reason = ?2 WHERE rid IN "+runs, id, ledger.Clean(reason)); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE runs SET results = NULL, reason = ?2 WHERE rid IN "+runs, id, ledger.Clean(reason))
		return err
	})
	if err != nil {
		return fmt.Errorf("erase event %q: %w", ref, err)
	}
	return nil
}

// unindex deletes the words of an event from the search index, and from the
// file. The event still counts as indexed.
func (s *session) unindex(id string) error {
	var seq int64
	if err := s.One([]any{&seq}, "SELECT seq FROM events WHERE id = ?1", id); err != nil {
		return err
	}
	if _, err := s.Exec(countMark); err != nil {
		return err
	}
	parts, err := s.partsWith(seq, seq)
	for i := range parts {
		if err != nil {
			break
		}
		err = s.forgetWords(&parts[i], []int64{seq}, true)
	}
	return err
}

// partsWith returns the parts of the index that may have events with these
// numbers.
func (s *session) partsWith(first, last int64) (parts []lexicon.Part, err error) {
	err = s.Scan(func(row ledger.Scanner) error {
		p, err := scanPart(row)
		parts = append(parts, p)
		return err
	}, partsText, first-1, last+1)
	return parts, err
}

// forgetWords removes events from a part, see lexicon.Part.Forget.
func (s *session) forgetWords(p *lexicon.Part, seqs []int64, listed bool) error {
	type changed struct {
		id   int64
		data []byte
	}
	var (
		list   []changed
		forget = p.Forget(seqs, listed)
	)
	err := s.Scan(func(row ledger.Scanner) error {
		var c changed
		if err := row.Scan(&c.id, &c.data); err != nil {
			return err
		}
		out, had, err := forget.Block(c.data)
		if had {
			list = append(list, changed{c.id, out})
		}
		return err
	}, "SELECT id, block FROM search_blocks WHERE id >= ?1 AND id < ?2", lexicon.ID(p.Number, 0), lexicon.ID(p.Number+1, 0))
	for _, c := range list {
		if err != nil {
			break
		}
		_, err = s.Exec("UPDATE search_blocks SET block = ?2 WHERE id = ?1", c.id, body(c.data))
	}
	return err
}

// SaveFacts stores a block, unless its events have changed meanwhile.
func (s *Store) SaveFacts(ctx context.Context, f event.Facts, erasures int64) (ok bool, err error) {
	err = s.writer.do(ctx, func(tx *session) error {
		const text = `INSERT OR REPLACE INTO facts (block, events, newest, data) SELECT ?1, ?2, ?3, ?4
			WHERE ?2 = (SELECT count(*) FROM events WHERE seq >= ?5 AND seq < ?6)
			AND ?7 = ifnull((SELECT value FROM marks WHERE name = '` + ledger.ErasedMark + `'), 0)`
		n, err := tx.Exec(text, f.Block, f.Events, ledger.Micros(f.Newest), body(f.Data), f.Block*event.FactsWidth, (f.Block+1)*event.FactsWidth, erasures)
		ok = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("save facts: %w", err)
	}
	return ok, nil
}

// forgetFacts deletes the block of an event that is erased.
func (s *session) forgetFacts(id string) error {
	const count = "INSERT INTO marks (name, value) VALUES ('" + ledger.ErasedMark + "', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
	if _, err := s.Exec(count); err != nil {
		return err
	}
	_, err := s.Exec("DELETE FROM facts WHERE block = (SELECT seq FROM events WHERE id = ?1) / ?2", id, event.FactsWidth)
	return err
}
