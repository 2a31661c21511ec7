package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/sqlite/issues"
)

// Record stores the progress of a leased run with its attempts. If the owner
// has lost the lease, only the attempts are stored and the error wraps
// event.ErrConflict. A run that starts to wait for a meeting which a newer
// event has canceled meanwhile is dropped.
func (s *Store) Record(ctx context.Context, p event.Progress) error {
	var verdict error
	err := s.writer.do(ctx, func(tx *session) (err error) {
		verdict, err = tx.record(&p)
		return err
	})
	if err == nil {
		err = verdict
	}
	if err != nil {
		return fmt.Errorf("record run %q: %w", p.Run.ID, err)
	}
	return nil
}

// record returns the result for the caller and, separately, an error of the
// database.
func (s *session) record(p *event.Progress) (verdict, err error) {
	s.shared++
	var (
		place  = ledger.Placed{}
		status string
		owner  sql.NullString
		lanes  sql.NullString
		newer  sql.NullString
	)
	const text = `SELECT rid, event_seq, happened, lanes, status, owner, replaced FROM runs WHERE id = ?1`
	err = s.One([]any{&place.Row, &place.EventSeq, &place.Happened, &lanes, &status, &owner, &newer}, text, p.Run.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return event.ErrNotFound, nil
	}
	if err != nil {
		return nil, err
	}
	place.ID, place.Organization, place.MeetingID, place.Rule = p.Run.ID, p.Run.Organization, p.Run.MeetingID, p.Run.Rule
	place.Lanes = ledger.DecodeLanes(lanes.String)
	if err := s.addAttempts(place.Row, p.Attempts); err != nil {
		return nil, err
	}
	if status != string(event.StatusRunning) || owner.String != p.Owner {
		return fmt.Errorf("%w: the lease is lost; the run is %s now", event.ErrConflict, status), nil
	}
	if err := s.store(p, &place); err != nil {
		return nil, err
	}
	if err := reader.SQLite().Remember(s.Conn, p, place.Row, place.EventSeq); err != nil {
		return nil, err
	}
	if ledger.Follows(p.Run) && newer.String != "" {
		return s.dropIfReplaced(p, &place, newer.String)
	}
	if ledger.Follows(p.Run) {
		return s.dropIfCanceled(p, &place)
	}
	return nil, nil
}

func (s *session) addAttempts(row int64, attempts []event.Attempt) error {
	for i := range attempts {
		if err := s.addAttempt(row, &attempts[i]); err != nil {
			return err
		}
	}
	return nil
}

// store writes the new state of a run and frees its lanes if it waits or has
// ended.
func (s *session) store(p *event.Progress, place *ledger.Placed) error {
	r := p.Run
	results, err := ledger.EncodeResults(r)
	if err != nil {
		return err
	}
	owner, lease := any(nil), int64(0)
	if r.Status == event.StatusRunning {
		owner, lease = p.Owner, ledger.Micros(p.LeaseUntil)
	}
	leave := ledger.Frees(r.Status)
	const text = `UPDATE runs SET status = ?2, reason = ?3, due = ?4, next = ?5, tries = ?6, in_flight = ?7, follow = ?8,
		results = ?9, updated = ?10, finished = ?11, owner = ?12, lease_until = ?13, lanes = iif(?14, NULL, lanes),
		held = ?15, paused_by = ?16, lapses = ?17 WHERE rid = ?1`
	_, err = s.Exec(text, place.Row, string(r.Status), ledger.Clean(r.Reason), ledger.Micros(r.Due), r.Next, r.Tries,
		r.InFlight, r.Follow, results, ledger.Micros(r.Updated), ledger.Micros(r.Finished), owner, lease, leave,
		r.PausedBy != "", ledger.Null(string(r.PausedBy)), r.Lapses)
	if err != nil {
		return err
	}
	if r.Status.Done() {
		s.tallies.Ended(r.Rule, r.Status, r.Finished)
	}
	if r.Status == event.StatusFailed {
		if err := issues.Fail(s.Conn, ledger.FailureOf(r, p.Attempts, place.Row)); err != nil {
			return err
		}
	}
	if !leave {
		return nil
	}
	return s.leaveLanes(place)
}

// dropIfCanceled handles a cancellation that was accepted between the engine's
// check of the meeting and the storing of progress.
func (s *session) dropIfCanceled(p *event.Progress, place *ledger.Placed) (verdict, err error) {
	const text = `SELECT id, type, seq FROM events WHERE meeting = ?1 ORDER BY happened DESC, seq DESC LIMIT 1`
	var (
		id, kind string
		seq      int64
	)
	err = s.One([]any{&id, &kind, &seq}, text, p.Run.MeetingKey())
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil || kind != event.TypeCanceled || seq == place.EventSeq {
		return nil, err
	}
	reason := ledger.DropReasonOf(kind, id)
	if err := s.drop(place, reason, p.Run.Updated); err != nil {
		return nil, err
	}
	return ledger.Dropped(p.Run, reason), nil
}
