package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/sqlite/issues"
)

// Accept stores an event and the runs it starts, moves or drops the runs that
// follow its meeting, and returns after all of it is on disk.
func (s *Store) Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error) {
	var receipt event.Receipt
	err := s.writer.do(ctx, func(tx *session) (err error) {
		receipt, err = tx.accept(&a)
		return err
	})
	if err != nil {
		return event.Receipt{}, fmt.Errorf("accept event %q: %w", a.Event.ID, err)
	}
	if !receipt.Duplicate {
		s.recent.Put(receipt.Seq, a.Event)
	}
	return receipt, nil
}

// arrival is an event that is being accepted.
type arrival struct {
	*event.Acceptance
	seq      int64
	happened int64
	meeting  string // its key
	newest   string // key of the meeting's newest event when this one is late
	receipt  event.Receipt
}

func (s *session) accept(a *event.Acceptance) (event.Receipt, error) {
	s.shared++
	in := &arrival{Acceptance: a, happened: ledger.Micros(a.Event.Timestamp), meeting: a.Event.MeetingKey()}
	followed := false
	if in.meeting != "" {
		var err error
		if followed, err = s.look(in); err != nil {
			return in.receipt, err
		}
	}
	stored, err := s.insertEvent(in)
	if err != nil {
		return in.receipt, err
	}
	if !stored {
		return s.repeat(a)
	}
	if followed && !in.receipt.Late {
		if err := s.follow(in); err != nil {
			return in.receipt, err
		}
	}
	if err := s.endAbsences(in); err != nil {
		return in.receipt, err
	}
	if err := s.start(in); err != nil {
		return in.receipt, err
	}
	if err := s.sight(in); err != nil {
		return in.receipt, err
	}
	return in.receipt, s.use(a.Revision, ledger.Micros(a.Now))
}

// look finds out whether the event is late, and whether runs follow its
// meeting. It runs before the event itself is stored.
func (s *session) look(in *arrival) (followed bool, err error) {
	const text = `SELECT
		(SELECT happened FROM events WHERE meeting = ?1 ORDER BY happened DESC LIMIT 1),
		EXISTS (SELECT 1 FROM runs INDEXED BY runs_follow WHERE meeting = ?1 AND follow = 1 AND (status = 'pending' OR status = 'waiting' OR status = 'running'))`
	var newest sql.NullInt64
	if err := s.One([]any{&newest, &followed}, text, in.meeting); err != nil {
		return false, err
	}
	if !newest.Valid || in.happened >= newest.Int64 {
		return followed, nil
	}
	in.receipt.Late = true
	const newestID = `SELECT id FROM events WHERE meeting = ?1 ORDER BY happened DESC, seq DESC LIMIT 1`
	return followed, s.One([]any{&in.newest}, newestID, in.meeting)
}

func (s *session) insertEvent(in *arrival) (stored bool, err error) {
	if in.seq, err = s.seq(); err != nil {
		return false, err
	}
	const text = `INSERT INTO events
		(seq, id, type, meeting, happened, received, last_seen, deliveries, runs, late, revision, body)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING`
	n, err := s.Exec(text, in.seq, in.Event.Key(), in.Event.Type, ledger.Null(in.meeting), in.happened,
		ledger.Micros(ledger.Received(in.Acceptance)), len(in.Runs), in.receipt.Late, in.Revision, body(in.Event.Body))
	if err != nil || n == 0 {
		return false, err
	}
	s.nextSeq++
	in.receipt.Seq = in.seq
	s.tallies.Event(in.Acceptance)
	return true, nil
}

// body replaces nil, because the column must not be NULL.
func body(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// repeat counts another delivery of a stored event.
func (s *session) repeat(a *event.Acceptance) (event.Receipt, error) {
	const text = `UPDATE events SET deliveries = deliveries + 1, last_seen = max(last_seen, ?2)
		WHERE id = ?1 RETURNING seq, late`
	receipt := event.Receipt{Duplicate: true}
	err := s.One([]any{&receipt.Seq, &receipt.Late}, text, a.Event.Key(), ledger.Micros(ledger.Received(a)))
	return receipt, err
}

// start stores the planned runs.
func (s *session) start(in *arrival) error {
	for i := range in.Runs {
		run := ledger.Start(in.Acceptance, &in.Runs[i], in.receipt.Late, in.newest)
		if err := ledger.AskWindows(book{s}, in.Acceptance, &in.Runs[i], run, in.seq, &in.receipt); err != nil {
			return err
		}
		held, err := s.behind(run.Lanes, in.happened, in.seq)
		if err != nil {
			return err
		}
		mine := ledger.Birth(in.Acceptance, run, held)
		if in.Runs[i].Replaces && !run.Status.Done() {
			if err := s.replaceUnslept(in, run); err != nil {
				return err
			}
		}
		if err := s.insertRun(in, run, ledger.Single(&in.Runs[i]), held, mine); err != nil {
			return err
		}
		in.receipt.Created++
		if mine {
			in.receipt.Started = append(in.receipt.Started, run)
		}
	}
	return nil
}

func (s *session) insertRun(in *arrival, r *event.Run, single any, held, mine bool) error {
	results, err := ledger.EncodeResults(r)
	if err != nil {
		return err
	}
	owner, lease := any(nil), int64(0)
	if mine {
		owner, lease = in.Owner, ledger.Micros(in.LeaseUntil)
	}
	const text = `INSERT INTO runs
		(id, event_seq, event_id, event_type, happened, rule, revision, meeting, shadow, status, held, reason, due,
		 next, tries, in_flight, follow, lanes, owner, lease_until, created, updated, finished, results, trace, replaced)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)`
	res, err := s.Result(text, r.ID, in.seq, r.EventKey(), r.EventType, in.happened, r.Rule, r.Revision, ledger.Null(r.MeetingKey()),
		r.Shadow, string(r.Status), held, ledger.Clean(r.Reason), ledger.Micros(r.Due), r.Next, r.Tries, r.InFlight, r.Follow,
		ledger.EncodeLanes(r.Lanes), owner, lease, ledger.Micros(r.Created), ledger.Micros(r.Updated), ledger.Micros(r.Finished), results,
		ledger.Null(r.Trace), single)
	if err != nil {
		return err
	}
	s.tallies.Began(r)
	row, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if r.Status == event.StatusFailed {
		if err := issues.Fail(s.Conn, ledger.FailureOf(r, nil, row)); err != nil {
			return err
		}
	}
	if single != nil && in.newest != "" {
		if err := s.replacedAlready(in, r, row); err != nil {
			return err
		}
	}
	return s.joinLanes(r.Lanes, in.happened, in.seq, row)
}

// useEvery is the precision of the last use of a revision, in microseconds: an
// hour. Pruning allows for it.
const useEvery = 3600 * 1_000_000

// use stores, at most once in useEvery, that a revision is in use.
func (s *session) use(revision string, now int64) error {
	if last, ok := s.used[revision]; ok && now < last+useEvery {
		return nil
	}
	if _, err := s.Exec("UPDATE revisions SET used = max(used, ?2) WHERE revision = ?1", revision, now); err != nil {
		return err
	}
	s.used[revision] = now
	return nil
}

// notFound converts a missing row to event.ErrNotFound.
func notFound(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s %q: %w", what, id, event.ErrNotFound)
	}
	return err
}
