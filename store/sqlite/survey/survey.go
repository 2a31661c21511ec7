// Package survey looks into a backup before it is restored: what would be sent
// again, and what would be missing.
package survey

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"modernc.org/sqlite"

	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/schema"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// Survey is what a backup holds, compared with the present database.
type Survey struct {
	Events int64
	Open   int64 // runs that have not ended, shadow rules included
	// Paused says that something is paused in it, and stays so.
	Paused bool
	// Older says that its schema is migrated when it is served.
	Older bool
	// Newest is when the last event in it was received, or the last run
	// created.
	Newest time.Time
	// Rules have runs that have not ended in the backup, those with the most due
	// first. Runs of shadow rules, which send nothing, are left out.
	Rules []Rule
	// Present says that the present database could be read; then Missing counts
	// the events in it that were received after Newest.
	Present bool
	Missing int64
	// Moved says where the backup had been moved by "gavel copy" when it was made,
	// so that nothing is sent from it; PresentMoved where the present database was.
	Moved, PresentMoved string
}

// Rule counts the runs of a rule that have not ended in the backup.
type Rule struct {
	Name string
	// Due are sent as soon as Gavel serves; Waits of them became due after
	// Newest. Done of them have gone on since, according to the present
	// database, so what they sent is sent again.
	Due, Waits, Done int64
	Later            int64 // their time is still to come
}

// Due returns how many runs are sent at once.
func (s *Survey) Due() (n int64) {
	for _, r := range s.Rules {
		n += r.Due
	}
	return n
}

// Later returns how many runs wait for a time that is still to come.
func (s *Survey) Later() (n int64) {
	for _, r := range s.Rules {
		n += r.Later
	}
	return n
}

// Of looks into a backup that has been checked. The present database may be
// missing or damaged.
func Of(ctx context.Context, backup, present string, now time.Time) (Survey, error) {
	how := conn.Unchanging
	if info, err := os.Stat(backup + "-wal"); err == nil && info.Size() > 0 {
		how = conn.Reading
	}
	c, err := sqlite.NewConnector(conn.DSN(backup, how))
	if err != nil {
		return Survey{}, err
	}
	db := conn.Pool(c, 1)
	s, err := of(ctx, db, backup, present, now)
	if err := errors.Join(err, db.Close()); err != nil {
		return s, fmt.Errorf("look into the backup %q: %w", backup, conn.Explain(err))
	}
	return s, nil
}

func of(ctx context.Context, db *sql.DB, file, present string, now time.Time) (s Survey, err error) {
	var newest int64
	const text = "SELECT count(*), max(ifnull(max(received), 0), (SELECT ifnull(max(created), 0) FROM runs)) FROM events"
	if err := db.QueryRowContext(ctx, text).Scan(&s.Events, &newest); err != nil {
		return s, err
	}
	if newest > 0 {
		s.Newest = time.UnixMicro(newest)
	}
	const open = "SELECT count(*) FROM runs WHERE status = 'pending' OR status = 'waiting' OR status = 'running'"
	if err := db.QueryRowContext(ctx, open).Scan(&s.Open); err != nil {
		return s, err
	}
	_, state, err := schema.Look(ctx, db, file)
	if err != nil {
		return s, err
	}
	s.Older, s.Moved = len(state.Pending) > 0, state.Moved
	if !s.Older { // else it may know no pauses
		if err := db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM pauses").Scan(&s.Paused); err != nil {
			return s, err
		}
	}
	s.Present = attach(ctx, db, present, newest, &s.Missing)
	if s.Present {
		// One of a version without notes was not moved.
		_ = db.QueryRowContext(ctx, "SELECT value FROM present.notes WHERE name = ?", upgrade.NoteMoved).Scan(&s.PresentMoved)
	}
	s.Rules, err = rules(ctx, db, s.Present, newest, ledger.Micros(now))
	if err != nil && s.Present { // damage in the present database
		s.Present = false
		s.Rules, err = rules(ctx, db, false, newest, ledger.Micros(now))
	}
	return s, err
}

// attach makes the present database known to a connection, if it can be read.
func attach(ctx context.Context, db *sql.DB, present string, newest int64, missing *int64) bool {
	if info, err := os.Stat(present); err != nil || info.Size() == 0 {
		return false
	}
	_, err := db.ExecContext(ctx, "ATTACH ? AS present", conn.DSN(present, conn.Reading))
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM present.events WHERE received > ?", newest).Scan(missing)
	}
	return err == nil
}

func rules(ctx context.Context, db *sql.DB, present bool, newest, now int64) ([]Rule, error) {
	done := "0"
	if present {
		done = `sum(EXISTS (SELECT 1 FROM present.runs n WHERE n.id = r.id AND (n.status = 'succeeded' OR n.next > r.next))
			AND (r.status = 'running' OR r.due <= ?1))`
	}
	rows, err := db.QueryContext(ctx, `SELECT r.rule, sum(r.status = 'running' OR r.due <= ?1), sum(r.status = 'waiting' AND r.due > ?2 AND r.due <= ?1), `+done+`,
			sum(r.status <> 'running' AND r.due > ?1)
		FROM runs r WHERE (r.status = 'pending' OR r.status = 'waiting' OR r.status = 'running') AND r.shadow = 0
		GROUP BY r.rule ORDER BY 2 DESC, 1`, now, newest)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Rule
	for rows.Next() {
		var r Rule
		if err := rows.Scan(&r.Name, &r.Due, &r.Waits, &r.Done, &r.Later); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
