package sqlite

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// replace ends a run that follows its meeting, because the event starts its
// rule again. A run that is being sent ends before its next attempt.
func (s *session) replace(in *arrival, p *ledger.Placed) error {
	if ledger.CanDrop(&p.Run) {
		in.receipt.Replaced++
		return s.drop(p, ledger.ReplaceReason(in.Event.Key()), in.Now)
	}
	_, err := s.Exec("UPDATE runs SET replaced = ?2 WHERE rid = ?1", p.Row, in.Event.Key())
	return err
}

// replaceUnslept marks the earlier runs that have not reached their wait; see
// dropIfReplaced.
func (s *session) replaceUnslept(in *arrival, r *event.Run) error {
	if in.newest != "" || r.MeetingID == "" {
		return nil
	}
	const text = `UPDATE runs INDEXED BY runs_single SET replaced = ?4 WHERE meeting = ?1 AND rule = ?2 AND shadow = ?3
		AND replaced = '' AND follow = 0 AND (status = 'pending' OR status = 'running')`
	_, err := s.Exec(text, r.MeetingKey(), r.Rule, r.Shadow, r.EventKey())
	return err
}

// replacedAlready marks a run of a late event if a run of a newer one is open.
func (s *session) replacedAlready(in *arrival, r *event.Run, row int64) error {
	const (
		newer = ` AND rule = ?3 AND shadow = ?4 AND (happened, event_seq) > (?5, ?6)`
		text  = `UPDATE runs SET replaced = ?7 WHERE rid = ?1 AND (
		EXISTS (SELECT 1 FROM runs INDEXED BY runs_single WHERE meeting = ?2 AND replaced = '' AND follow = 0 AND (status = 'pending' OR status = 'running')` + newer + `)
		OR EXISTS (SELECT 1 FROM runs INDEXED BY runs_follow WHERE meeting = ?2 AND follow = 1 AND (status = 'pending' OR status = 'waiting' OR status = 'running')` + newer + `))`
	)
	_, err := s.Exec(text, row, r.MeetingKey(), r.Rule, r.Shadow, in.happened, in.seq, in.newest)
	return err
}

// dropIfReplaced ends a run that starts to wait, or is to be retried, after a
// newer event of its meeting has started its rule again.
func (s *session) dropIfReplaced(p *event.Progress, place *ledger.Placed, replaced string) (verdict, err error) {
	reason := ledger.ReplaceReason(replaced)
	if err := s.drop(place, reason, p.Run.Updated); err != nil {
		return nil, err
	}
	return ledger.Dropped(p.Run, reason), nil
}
