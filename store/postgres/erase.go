package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/postgres/memories"
)

// Erase replaces the body of an event and removes what its runs sent and
// received. The server's VACUUM frees the space of the old rows.
func (s *Store) Erase(ctx context.Context, ref string, replacement []byte, reason string) error {
	id, err := reader.EventKey(ctx, s.Reader, ref)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	err = s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		// First, so that nobody indexes what is being erased.
		if err := lockIndex(ctx, tx); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, "UPDATE gavel_events SET body = $2 WHERE id = $1", id, replacement)
		if err != nil {
			return err
		}
		if done.RowsAffected() == 0 {
			return event.ErrNotFound
		}
		if err := unindex(ctx, tx, id); err != nil {
			return err
		}
		if err := forgetFacts(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, memories.Erase, id); err != nil {
			return err
		}
		const runs = "(SELECT rid FROM gavel_runs WHERE event_seq = (SELECT seq FROM gavel_events WHERE id = $1))"
		if _, err := tx.Exec(ctx, "UPDATE gavel_attempts SET request = NULL, response = NULL, reason = $2 WHERE rid IN "+runs, id, ledger.Clean(reason)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE gavel_runs SET results = NULL, reason = $2 WHERE rid IN "+runs, id, ledger.Clean(reason))
		return err
	})
	if err != nil {
		return fmt.Errorf("erase event %q: %w", ref, err)
	}
	return nil
}

// lockIndex waits until nobody changes the search index, and keeps others from
// it until the transaction ends.
func lockIndex(ctx context.Context, tx pgx.Tx) error {
	var mark, erased int64
	return tx.QueryRow(ctx, indexText, ledger.IndexedMark).Scan(&mark, &erased)
}

// unindex deletes the words of an event from the search index. The event still
// counts as indexed.
func unindex(ctx context.Context, tx pgx.Tx, id string) error {
	var seq int64
	if err := tx.QueryRow(ctx, "SELECT seq FROM gavel_events WHERE id = $1", id).Scan(&seq); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, countMark); err != nil {
		return err
	}
	parts, err := readParts(ctx, tx, partsText, seq-1, seq+1)
	if err != nil {
		return err
	}
	for i := range parts {
		if err := forgetWords(ctx, tx, &parts[i], []int64{seq}, true); err != nil {
			return err
		}
	}
	return nil
}

// forgetWords removes events from a part, see lexicon.Part.Forget.
func forgetWords(ctx context.Context, tx pgx.Tx, p *lexicon.Part, seqs []int64, listed bool) error {
	var (
		ids    []int64
		blocks [][]byte
		forget = p.Forget(seqs, listed)
	)
	err := words{tx}.Blocks(ctx, p.IDs(), func(id int64, data []byte) error {
		out, had, err := forget.Block(data)
		if had {
			ids, blocks = append(ids, id), append(blocks, append([]byte{}, out...))
		}
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE gavel_search_blocks b SET block = n.block FROM unnest($1::bigint[], $2::bytea[]) AS n(id, block) WHERE b.id = n.id", ids, blocks)
	return err
}
