package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/postgres/issues"
)

// Replay starts runs for a stored event, all of them or none. If the event is
// not stored, the error wraps event.ErrNotFound.
func (s *Store) Replay(ctx context.Context, r event.Replay) (event.ReplayReceipt, error) {
	var (
		receipt event.ReplayReceipt
		t       *transaction
	)
	key, err := reader.EventKey(ctx, s.Reader, r.EventID)
	if err != nil {
		return event.ReplayReceipt{}, fmt.Errorf("replay: %w", err)
	}
	err = s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		t = newTransaction(nil)
		t.out.sent, t.out.slot = s.sent(), s.slot()
		receipt, err = t.replay(ctx, tx, &r, key, s.self)
		return err
	})
	if err != nil {
		return event.ReplayReceipt{}, fmt.Errorf("replay: %w", err)
	}
	if t.out.notify {
		s.wake()
	}
	s.use(ctx, r.Revision, r.Now)
	return receipt, nil
}

func (t *transaction) replay(ctx context.Context, tx pgx.Tx, r *event.Replay, key, self string) (event.ReplayReceipt, error) {
	stored, err := lockStored(ctx, tx, key)
	if err != nil {
		return event.ReplayReceipt{}, notFound(err, "event", r.EventID)
	}
	receipt := event.ReplayReceipt{Late: stored.Newest != ""}
	fresh, err := t.loadReplay(ctx, tx, r)
	if err == nil && r.Once {
		fresh, err = once(ctx, tx, stored, fresh)
	}
	if err != nil || len(fresh) == 0 {
		return receipt, err
	}
	a, here := ledger.Replayed(r, stored), place{happened: stored.Happened, seq: stored.Seq}
	for _, planned := range fresh {
		row := t.rids[0]
		run := ledger.Restart(a, planned, stored)
		if planned.Replaces && !run.Status.Done() && run.MeetingID != "" && stored.Newest == "" {
			if err := t.replaceFollowers(ctx, tx, a, run); err != nil {
				return receipt, err
			}
		}
		if err := t.start(a, &planned.PlannedRun, run, here, stored.Newest, &event.Receipt{}); err != nil {
			return receipt, err
		}
		asked := ledger.Asked(r, run.ID, r.Now)
		t.out.addAttempt(row, &asked)
		t.regather(run, planned, ledger.Counted(a, stored.Seq))
	}
	receipt.Created = len(fresh)
	b := &t.out.single
	b.Queue(`UPDATE gavel_events SET runs = runs + $2 WHERE seq = $1`, stored.Seq, receipt.Created)
	if t.out.notify {
		b.Queue(notifyText, self)
	}
	issues.QueueFailures(b, t.out.failures)
	queueTallies(b, t.out.tallies, t.out.slot)
	return receipt, tx.SendBatch(ctx, b).Close()
}

// once leaves out the runs that may not start because of Once.
func once(ctx context.Context, tx pgx.Tx, stored *ledger.Stored, runs []*event.ReplayedRun) (fresh []*event.ReplayedRun, err error) {
	if stored.Newest != "" {
		return nil, nil
	}
	// A meeting has few events and runs, a rule has many: the array and the empty
	// text keep the planner from beginning with the rule.
	const text = `SELECT EXISTS (SELECT 1 FROM gavel_runs r
		WHERE r.event_seq = ANY(ARRAY(SELECT e.seq FROM gavel_events e WHERE e.meeting = $1))
		AND r.rule || '' = $2 AND r.shadow = $3 AND (` + ledger.HadOnce + `))`
	for _, run := range runs {
		var had bool
		if err := tx.QueryRow(ctx, text, stored.Meeting, run.Rule, run.Shadow).Scan(&had); err != nil {
			return nil, err
		}
		if !had {
			fresh = append(fresh, run)
		}
	}
	return fresh, nil
}

// lockStored takes the lock of the event's meeting, as accepting does, and
// protects the event from pruning.
func lockStored(ctx context.Context, tx pgx.Tx, id string) (*ledger.Stored, error) {
	s := &ledger.Stored{Key: id}
	// The meeting of an event never changes, so it can be read before the lock.
	if err := tx.QueryRow(ctx, `SELECT coalesce(meeting, '') FROM gavel_events WHERE id = $1`, id).Scan(&s.Meeting); err != nil {
		return nil, err
	}
	key := lockKey(id)
	if s.Meeting != "" {
		key = lockKey(s.Meeting)
	}
	if _, err := tx.Exec(ctx, lockText, lockSpace, []int32{key}); err != nil {
		return nil, err
	}
	const text = `SELECT e.seq, e.happened, e.type, coalesce((SELECT o.id FROM gavel_events o
		WHERE o.meeting = e.meeting AND o.happened > e.happened ORDER BY o.happened DESC, o.seq DESC LIMIT 1), '')
		FROM gavel_events e WHERE e.id = $1 FOR UPDATE OF e`
	return s, tx.QueryRow(ctx, text, id).Scan(&s.Seq, &s.Happened, &s.Type, &s.Newest)
}

// loadReplay reads what is needed to start the runs, and returns those that
// are not stored yet.
func (t *transaction) loadReplay(ctx context.Context, tx pgx.Tx, r *event.Replay) ([]*event.ReplayedRun, error) {
	ids, lanes := make([]string, len(r.Runs)), []string{}
	for i := range r.Runs {
		ids[i] = r.Runs[i].ID
		lanes = append(lanes, r.Runs[i].Lanes...)
	}
	known := map[string]bool{}
	b := &pgx.Batch{}
	b.Queue(`SELECT id FROM gavel_runs WHERE id = ANY($1::text[])`, ids).Query(each(func(row ledger.Scanner) error {
		var id string
		err := row.Scan(&id)
		known[id] = true
		return err
	}))
	b.Queue(`SELECT array(SELECT nextval('gavel_run_rid') FROM generate_series(1, $1::int))`, len(ids)).
		QueryRow(func(row pgx.Row) error { return row.Scan(&t.rids) })
	b.Queue(headsText, lanes).Query(each(t.readHead))
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	var fresh []*event.ReplayedRun
	for i := range r.Runs {
		if !known[r.Runs[i].ID] {
			fresh = append(fresh, &r.Runs[i])
		}
	}
	return fresh, nil
}

// regather gives a replayed run its events. No window counts them, because
// they belong to a run.
func (t *transaction) regather(run *event.Run, planned *event.ReplayedRun, here event.Occurrence) {
	switch {
	case planned.Scope == "" || run.Status.Done():
	case planned.Gathered == "":
		t.out.single.Queue(`INSERT INTO gavel_window_events (scope, run, happened, event_seq, event_id) VALUES ($1, $2, $3, $4, $5)`,
			planned.Scope, run.ID, ledger.Micros(here.At), here.Seq, here.EventID)
	default:
		t.out.single.Queue(`INSERT INTO gavel_window_events (scope, run, happened, event_seq, event_id)
			SELECT scope, $3, happened, event_seq, event_id FROM gavel_window_events WHERE scope = $1 AND run = $2`,
			planned.Scope, planned.Gathered, run.ID)
	}
}
