package sqlite

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// follow applies the newest event of a meeting to the runs that follow it.
func (s *session) follow(in *arrival) error {
	const text = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM runs r INDEXED BY runs_follow
		WHERE r.meeting = ?1 AND r.follow = 1 AND (r.status = 'pending' OR r.status = 'waiting' OR r.status = 'running') ORDER BY r.rid`
	runs, err := s.placed(text, in.meeting)
	if err != nil {
		return err
	}
	for _, p := range runs {
		if ledger.Sending(in.Acceptance, &p.Run) {
			in.receipt.Sending = append(in.receipt.Sending, p.ID)
			continue
		}
		if ledger.Replaces(in.Acceptance, &p.Run) {
			if err := s.replace(in, p); err != nil {
				return err
			}
			continue
		}
		move := ledger.Decide(in.Acceptance, &p.Run)
		switch move.Action {
		case event.MoveTo:
			err = s.move(p, move, in.Now)
			in.receipt.Moved++
		case event.MoveDrop:
			err = s.drop(p, move.Reason, in.Now)
			in.receipt.Dropped++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) move(p *ledger.Placed, m event.Move, now time.Time) error {
	_, err := s.Exec("UPDATE runs SET due = ?2, reason = ?3, updated = ?4 WHERE rid = ?1",
		p.Row, ledger.Micros(m.Due), ledger.Clean(m.Reason), ledger.Micros(now))
	if err != nil {
		return err
	}
	return s.noteChange(p, now, m.Reason)
}

// drop cancels a run and frees its lanes.
func (s *session) drop(p *ledger.Placed, reason string, now time.Time) error {
	const text = `UPDATE runs SET status = 'canceled', held = 0, reason = ?2, updated = ?3, finished = ?3,
		paused_by = NULL, lanes = NULL, owner = NULL, lease_until = 0 WHERE rid = ?1`
	if _, err := s.Exec(text, p.Row, ledger.Clean(reason), ledger.Micros(now)); err != nil {
		return err
	}
	s.tallies.Ended(p.Rule, event.StatusCanceled, now)
	if err := s.leaveLanes(p); err != nil {
		return err
	}
	return s.noteChange(p, now, reason)
}

func (s *session) noteChange(p *ledger.Placed, now time.Time, reason string) error {
	a := ledger.Change(p.ID, now, reason)
	return s.addAttempt(p.Row, &a)
}

func (s *session) addAttempt(row int64, a *event.Attempt) error {
	const text = `INSERT INTO attempts
		(rid, action, action_id, kind, try, started, ended, outcome, cause, reason, request, response, next_try)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)`
	s.tallies.Attempt(a)
	_, err := s.Exec(text, ledger.AttemptArgs(row, a)...)
	return err
}

func (s *session) placed(text string, args ...any) ([]*ledger.Placed, error) {
	var runs []*ledger.Placed
	err := s.Scan(func(row ledger.Scanner) error {
		p, err := ledger.ScanPlaced(row)
		if err != nil {
			return err
		}
		runs = append(runs, p)
		return nil
	}, text, args...)
	return runs, err
}
