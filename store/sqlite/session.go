package sqlite

import (
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
)

// session is the writing connection with its prepared statements and the state
// of one transaction. Only the writer uses it.
type session struct {
	*conn.Conn

	nextSeq int64            // of the next event; 0 when not looked up yet
	freed   bool             // a held run became free
	shared  int              // acceptances and records in this transaction
	used    map[string]int64 // revision → when its use was last stored

	tallies    ledger.Tallies // what this transaction has counted
	newestSpan int64          // of the counts written
}

// usualCache is the page cache of the writer, in bytes.
const usualCache = 16_000 << 10

func newSession(c *conn.Conn, o Options) (*session, error) {
	s := &session{Conn: c, used: map[string]int64{}, tallies: ledger.Tallies{}}
	pragmas := []string{
		fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", checkpointAnyhow),
		"PRAGMA journal_size_limit = 134217728",
		fmt.Sprintf("PRAGMA cache_size = -%d", usualCache>>10),
		// Otherwise what is erased stays in free pages, and so do its words in
		// parts of the search index that were merged before.
		"PRAGMA secure_delete = ON",
	}
	if o.CacheBytes > 0 {
		// The limit is one for all connections of the process.
		pragmas = append(pragmas, fmt.Sprintf("PRAGMA cache_size = -%d", min(usualCache, o.CacheBytes/2)>>10), fmt.Sprintf("PRAGMA soft_heap_limit = %d", o.CacheBytes))
	}
	if o.MaxBytes > 0 {
		pragmas = append(pragmas, fmt.Sprintf("PRAGMA max_page_count = %d", max(1, o.MaxBytes/pageSize)))
	}
	for _, p := range pragmas {
		if _, err := s.Exec(p); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return s, nil
}

func (s *session) begin() error {
	s.nextSeq, s.freed, s.shared = 0, false, 0
	clear(s.tallies)
	_, err := s.Result("BEGIN IMMEDIATE")
	return err
}

func (s *session) commit() error {
	if err := s.writeTallies(); err != nil {
		return err
	}
	_, err := s.Result("COMMIT")
	return err
}

func (s *session) rollback() {
	clear(s.used)
	// SQLite may have rolled back itself; then this returns an error that does
	// not matter.
	_, _ = s.Result("ROLLBACK")
}

// writeTallies adds the counts of the transaction, and sums up old counts by
// day when a new span begins.
func (s *session) writeTallies() error {
	for _, k := range s.tallies.Sorted() {
		const text = `INSERT INTO tallies (span, kind, name, detail, n) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (span, kind, name, detail) DO UPDATE SET n = n + excluded.n`
		if _, err := s.Exec(text, k.Span, string(k.Kind), k.Name, k.Detail, s.tallies[k]); err != nil {
			return err
		}
		if k.Span <= s.newestSpan {
			continue
		}
		if err := s.sumUpTallies(k.Span); err != nil {
			return err
		}
		s.newestSpan = k.Span
	}
	return nil
}

// sumUpTallies makes counts by day, and those of connections by hour, of those that
// are too old for spans.
func (s *session) sumUpTallies(newest int64) error {
	const sum = `INSERT INTO daily (day, kind, name, detail, n)
		SELECT span / ?2, kind, name, detail, sum(n) FROM tallies WHERE span < ?1 GROUP BY 1, 2, 3, 4
		ON CONFLICT (day, kind, name, detail) DO UPDATE SET n = n + excluded.n`
	if _, err := s.Exec(sum, ledger.OldestSpan(newest), ledger.SpansPerDay); err != nil {
		return err
	}
	const hours = `INSERT INTO hourly (hour, kind, name, n)
		SELECT span / ?2, kind, name, sum(n) FROM tallies WHERE span < ?1 AND kind IN (?3, ?4) GROUP BY 1, 2, 3
		ON CONFLICT (hour, kind, name) DO UPDATE SET n = n + excluded.n`
	if _, err := s.Exec(hours, ledger.OldestSpan(newest), ledger.SpansPerHour, string(event.TallyCalls), string(event.TallyFailures)); err != nil {
		return err
	}
	if _, err := s.Exec("DELETE FROM hourly WHERE hour < ?1", ledger.OldestHour(newest)); err != nil {
		return err
	}
	if _, err := s.Exec("DELETE FROM tallies WHERE span < ?1", ledger.OldestSpan(newest)); err != nil {
		return err
	}
	_, err := s.Exec("DELETE FROM daily WHERE day < ?1", ledger.OldestDay(newest))
	return err
}

// checkpoint writes the write-ahead log into the database, as far as readers
// allow it.
func (s *session) checkpoint() error {
	return s.Scan(func(ledger.Scanner) error { return nil }, "PRAGMA wal_checkpoint(TRUNCATE)")
}

// generation writes the file's generation, see guard.
func (s *session) generation(n uint32) error {
	if _, err := s.Exec(fmt.Sprintf("PRAGMA user_version = %d", n)); err != nil {
		return err
	}
	return s.checkpoint()
}

// dataVersion changes when another connection has written to the database.
func (s *session) dataVersion() (v int64, err error) {
	err = s.One([]any{&v}, "PRAGMA data_version")
	return v, err
}

// seq returns the number of the next event. Numbers of pruned events are not
// reused.
func (s *session) seq() (int64, error) {
	if s.nextSeq == 0 {
		const text = `SELECT 1 + max(ifnull((SELECT max(seq) FROM events), 0),
			ifnull((SELECT value FROM marks WHERE name = 'seq'), 0))`
		if err := s.One([]any{&s.nextSeq}, text); err != nil {
			return 0, err
		}
	}
	return s.nextSeq, nil
}
