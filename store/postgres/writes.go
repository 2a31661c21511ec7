package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/postgres/issues"
)

// writes collects what a transaction writes. Events, which are the most, go
// into one statement; everything else into one statement each, in order.
type writes struct {
	events eventColumns
	single pgx.Batch

	joined    map[string]bool // lanes that new runs joined
	leavers   []int64         // rows of runs that leave their lanes
	lanesLeft []string        // those lanes of theirs that may hold others
	notify    bool
	sent      int64 // the caller's time, see clock.go
	tallies   ledger.Tallies
	failures  []ledger.Failure
	slot      int // of the rows that they are added to
}

// eventColumns holds new events by column.
type eventColumns struct {
	seq, happened, received []int64
	id, kind, revision      []string
	meeting                 []*string
	runs                    []int32
	late                    []bool
	body                    [][]byte
}

// newRun is a run with its row.
type newRun struct {
	*event.Run
	place
	row      int64
	held     bool
	owner    *string // nil unless handed over
	lease    int64
	handover int64
	results  []byte
	single   any // the column "replaced"
}

func (w *writes) addEvent(a *event.Acceptance, meeting string, here place, late bool) {
	w.tallies.Event(a)
	e, body := &w.events, a.Event.Body
	if body == nil {
		body = []byte{}
	}
	var m *string
	if meeting != "" {
		m = &meeting
	}
	e.seq, e.happened = append(e.seq, here.seq), append(e.happened, here.happened)
	e.received = append(e.received, ledger.Micros(ledger.Received(a)))
	e.id, e.kind, e.revision = append(e.id, a.Event.Key()), append(e.kind, a.Event.Type), append(e.revision, a.Revision)
	e.meeting, e.runs = append(e.meeting, m), append(e.runs, int32(min(len(a.Runs), 1<<30)))
	e.late, e.body = append(e.late, late), append(e.body, body)
}

func (w *writes) addRun(r newRun) {
	text := `INSERT INTO gavel_runs
		(rid, id, event_seq, event_id, event_type, happened, rule, revision, meeting, shadow, status, held, reason, due,
		 next, tries, in_flight, follow, lanes, owner, handover, lease_until, created, updated, finished, results, trace, replaced)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, ` + soon("$14", "$11", "$29") + `, $15, $16, $17, $18, $19, $20, $21, ` + lease("$22", "$29") + `, $23, $24, $25, $26, $27, $28)`
	w.tallies.Began(r.Run)
	if r.Status == event.StatusFailed {
		w.failures = append(w.failures, ledger.FailureOf(r.Run, nil, r.row))
	}
	w.single.Queue(text, r.row, r.ID, r.seq, r.EventKey(), r.EventType, r.happened, r.Rule, r.Revision, ledger.Null(r.MeetingKey()),
		r.Shadow, string(r.Status), r.held, ledger.Clean(r.Reason), ledger.Micros(r.Due), r.Next, r.Tries, r.InFlight, r.Follow,
		ledger.EncodeLanes(r.Lanes), r.owner, r.handover, r.lease, ledger.Micros(r.Created), ledger.Micros(r.Updated),
		ledger.Micros(r.Finished), r.results, ledger.Null(r.Trace), r.single, w.sent)
}

func (w *writes) joinLane(lane string, here place, row int64) {
	if w.joined == nil {
		w.joined = map[string]bool{}
	}
	w.joined[lane] = true
	w.single.Queue(`INSERT INTO gavel_run_lanes (lane, happened, event_seq, rid) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		lane, here.happened, here.seq, row)
}

func (w *writes) repeat(eventID string, seen int64) {
	w.single.Queue(`UPDATE gavel_events SET deliveries = deliveries + 1, last_seen = greatest(last_seen, $2) WHERE id = $1`,
		eventID, seen)
}

func (w *writes) move(row int64, m event.Move, now time.Time) {
	w.single.Queue(`UPDATE gavel_runs SET due = `+atOnce("$2", "$4", "$5")+`, reason = $3, updated = $4 WHERE rid = $1`,
		row, ledger.Micros(m.Due), ledger.Clean(m.Reason), ledger.Micros(now), w.sent)
}

func (w *writes) drop(row int64, now time.Time, reason string) {
	w.single.Queue(`UPDATE gavel_runs SET status = 'canceled', held = false, reason = $2, updated = $3, finished = $3,
		paused_by = NULL, lanes = NULL, owner = NULL, lease_until = 0 WHERE rid = $1`, row, ledger.Clean(reason), ledger.Micros(now))
}

func (w *writes) progress(row int64, p *event.Progress, results []byte) {
	r := p.Run
	var owner *string
	until := int64(0)
	if r.Status == event.StatusRunning {
		owner, until = &p.Owner, ledger.Micros(p.LeaseUntil)
	}
	if r.Status.Done() {
		w.tallies.Ended(r.Rule, r.Status, r.Finished)
	}
	if r.Status == event.StatusFailed {
		w.failures = append(w.failures, ledger.FailureOf(r, p.Attempts, row))
	}
	text := `UPDATE gavel_runs SET status = $2, reason = $3, due = ` + soon("$4", "$2", "$15") + `, next = $5, tries = $6, in_flight = $7, follow = $8,
		results = $9, updated = $10, finished = $11, owner = $12, lease_until = ` + lease("$13", "$15") + `,
		lanes = CASE WHEN $14 THEN NULL ELSE lanes END, held = $16, paused_by = $17, lapses = $18 WHERE rid = $1`
	w.single.Queue(text, row, string(r.Status), ledger.Clean(r.Reason), ledger.Micros(r.Due), r.Next, r.Tries, r.InFlight, r.Follow,
		results, ledger.Micros(r.Updated), ledger.Micros(r.Finished), owner, until, ledger.Frees(r.Status), w.sent,
		r.PausedBy != "", ledger.Null(string(r.PausedBy)), r.Lapses)
}

func (w *writes) addAttempt(row int64, a *event.Attempt) {
	w.tallies.Attempt(a)
	w.single.Queue(`INSERT INTO gavel_attempts
		(rid, action, action_id, kind, try, started, ended, outcome, cause, reason, request, response, next_try)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, ledger.AttemptArgs(row, a)...)
}

const (
	insertEvents = `INSERT INTO gavel_events
		(seq, id, type, meeting, happened, received, last_seen, deliveries, runs, late, revision, body)
		SELECT n.seq, n.id, n.type, n.meeting, n.happened, n.received, n.received, 1, n.runs, n.late, n.revision, n.body
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::int4[], $8::bool[], $9::text[], $10::bytea[])
			AS n(seq, id, type, meeting, happened, received, runs, late, revision, body)`
	leaveLanes = `DELETE FROM gavel_run_lanes WHERE rid = ANY($1::bigint[])`
	// freeHeads frees the held runs of these lanes that have no earlier event
	// in any of their lanes, and notifies other processes. It returns a row if
	// there were any.
	freeHeads = `WITH freed AS (UPDATE gavel_runs r SET held = false
		WHERE r.rid IN (SELECT rid FROM gavel_run_lanes WHERE lane = ANY($1::text[])) AND r.held AND r.paused_by IS NULL
		AND NOT EXISTS (SELECT 1 FROM gavel_run_lanes mine JOIN gavel_run_lanes other ON other.lane = mine.lane
			WHERE mine.rid = r.rid AND (other.happened, other.event_seq) < (mine.happened, mine.event_seq))
		RETURNING r.rid)
		SELECT pg_notify('` + channel + `', $2) FROM freed LIMIT 1`
	notifyText = `SELECT pg_notify('` + channel + `', $1)`
)

// write writes everything and commits, in one round trip: the server skips the
// commit if anything before it fails.
func (t *transaction) write(ctx context.Context, conn *pgx.Conn, self string) error {
	w := &t.out
	b := &pgx.Batch{}
	if e := &w.events; len(e.seq) > 0 {
		b.Queue(insertEvents, e.seq, e.id, e.kind, e.meeting, e.happened, e.received, e.runs, e.late, e.revision, e.body)
	}
	b.QueuedQueries = append(b.QueuedQueries, w.single.QueuedQueries...)
	t.windows.queueSpans(b)
	queueLeaving(b, w.leavers, w.lanesLeft, self, &t.freed)
	if w.notify {
		b.Queue(notifyText, self)
	}
	issues.QueueFailures(b, w.failures)
	queueTallies(b, w.tallies, w.slot)
	b.Queue("COMMIT")
	return conn.SendBatch(ctx, b).Close()
}

// queueLeaving removes runs from their lanes and frees those behind them.
func queueLeaving(b *pgx.Batch, rows []int64, lanes []string, self string, freed *bool) {
	if len(rows) == 0 {
		return
	}
	b.Queue(leaveLanes, rows)
	if len(lanes) == 0 {
		return
	}
	b.Queue(freeHeads, lanes, self).Exec(func(tag pgconn.CommandTag) error {
		*freed = *freed || tag.RowsAffected() > 0
		return nil
	})
}
