package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/reader"
)

// Replay starts runs for a stored event, all of them or none. If the event is
// not stored, the error wraps event.ErrNotFound.
func (s *Store) Replay(ctx context.Context, r event.Replay) (event.ReplayReceipt, error) {
	var (
		receipt event.ReplayReceipt
		missing error
	)
	key, err := reader.EventKey(ctx, s.Reader, r.EventID)
	if err != nil {
		return event.ReplayReceipt{}, fmt.Errorf("replay: %w", err)
	}
	err = s.writer.do(ctx, func(tx *session) error {
		receipt, missing = event.ReplayReceipt{}, nil
		stored, found, err := tx.stored(key)
		if err != nil {
			return err
		}
		if !found {
			missing = notFound(sql.ErrNoRows, "event", r.EventID)
			return nil
		}
		receipt, err = tx.replay(&r, stored)
		return err
	})
	if err == nil {
		err = missing
	}
	if err != nil {
		return event.ReplayReceipt{}, fmt.Errorf("replay: %w", err)
	}
	return receipt, nil
}

// stored looks up an event for its replay.
func (s *session) stored(key string) (*ledger.Stored, bool, error) {
	const text = `SELECT e.seq, e.happened, e.type, coalesce(e.meeting, ''), coalesce((SELECT o.id FROM events o
		WHERE o.meeting = e.meeting AND o.happened > e.happened ORDER BY o.happened DESC, o.seq DESC LIMIT 1), '')
		FROM events e WHERE e.id = ?1`
	var out *ledger.Stored
	err := s.Scan(func(row ledger.Scanner) error {
		out = &ledger.Stored{Key: key}
		return row.Scan(&out.Seq, &out.Happened, &out.Type, &out.Meeting, &out.Newest)
	}, text, key)
	return out, out != nil, err
}

func (s *session) replay(r *event.Replay, stored *ledger.Stored) (event.ReplayReceipt, error) {
	receipt := event.ReplayReceipt{Late: stored.Newest != ""}
	in := &arrival{Acceptance: ledger.Replayed(r, stored), seq: stored.Seq, happened: stored.Happened, meeting: stored.Meeting, newest: stored.Newest}
	for i := range r.Runs {
		var known bool
		if err := s.One([]any{&known}, "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?1)", r.Runs[i].ID); err != nil {
			return receipt, err
		}
		if !known && r.Once {
			var err error
			if known, err = s.hadOnce(stored, &r.Runs[i]); err != nil {
				return receipt, err
			}
		}
		if known {
			continue
		}
		if err := s.restart(in, r, &r.Runs[i], stored); err != nil {
			return receipt, err
		}
		receipt.Created++
	}
	if receipt.Created == 0 {
		return receipt, nil
	}
	if _, err := s.Exec("UPDATE events SET runs = runs + ?2 WHERE seq = ?1", stored.Seq, receipt.Created); err != nil {
		return receipt, err
	}
	return receipt, s.use(r.Revision, ledger.Micros(r.Now))
}

// hadOnce reports whether a run may not start because of Once.
func (s *session) hadOnce(stored *ledger.Stored, run *event.ReplayedRun) (had bool, err error) {
	if stored.Newest != "" {
		return true, nil
	}
	const text = `SELECT EXISTS (SELECT 1 FROM events e INDEXED BY events_meeting CROSS JOIN runs r INDEXED BY runs_event ON r.event_seq = e.seq
		WHERE e.meeting = ?1 AND e.meeting IS NOT NULL AND r.rule = ?2 AND r.shadow = ?3 AND (` + ledger.HadOnce + `))`
	err = s.One([]any{&had}, text, stored.Meeting, run.Rule, run.Shadow)
	return had, err
}

func (s *session) restart(in *arrival, r *event.Replay, planned *event.ReplayedRun, stored *ledger.Stored) error {
	run := ledger.Restart(in.Acceptance, planned, stored)
	held, err := s.behind(run.Lanes, in.happened, in.seq)
	if err != nil {
		return err
	}
	if planned.Replaces && !run.Status.Done() {
		if err := s.replaceAll(in, run); err != nil {
			return err
		}
	}
	if err := s.insertRun(in, run, ledger.Single(&planned.PlannedRun), held, false); err != nil {
		return err
	}
	var row int64
	if err := s.One([]any{&row}, "SELECT rid FROM runs WHERE id = ?1", run.ID); err != nil {
		return err
	}
	asked := ledger.Asked(r, run.ID, r.Now)
	if err := s.addAttempt(row, &asked); err != nil {
		return err
	}
	s.freed = s.freed || !held && !run.Status.Done()
	return s.regather(in, run, planned)
}

// replaceAll lets a replayed run replace those of its rule.
func (s *session) replaceAll(in *arrival, run *event.Run) error {
	if in.newest != "" || run.MeetingID == "" {
		return nil
	}
	const text = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM runs r INDEXED BY runs_follow
		WHERE r.meeting = ?1 AND r.follow = 1 AND (r.status = 'pending' OR r.status = 'waiting' OR r.status = 'running') AND r.rule = ?2 AND r.shadow = ?3 ORDER BY r.rid`
	followers, err := s.placed(text, run.MeetingKey(), run.Rule, run.Shadow)
	if err != nil {
		return err
	}
	for _, p := range followers {
		if err := s.replace(in, p); err != nil {
			return err
		}
	}
	return s.replaceUnslept(in, run)
}

// regather gives a replayed run its events. No window counts them, because
// they belong to a run.
func (s *session) regather(in *arrival, run *event.Run, planned *event.ReplayedRun) error {
	if planned.Scope == "" || run.Status.Done() {
		return nil
	}
	if planned.Gathered == "" {
		return book{s}.Note(planned.Scope, ledger.Counted(in.Acceptance, in.seq), run.ID)
	}
	_, err := s.Exec(`INSERT INTO window_events (scope, run, happened, event_seq, event_id)
		SELECT scope, ?3, happened, event_seq, event_id FROM window_events WHERE scope = ?1 AND run = ?2`,
		planned.Scope, planned.Gathered, run.ID)
	return err
}
