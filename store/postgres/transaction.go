package postgres

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/postgres/memories"
)

// transaction is one round of tasks: what was read for them, and what is to be
// written.
type transaction struct {
	items    []*item
	handover int64 // of all runs that this transaction hands over

	// Read by load.
	seqs, rids []int64                     // numbers for new events and runs
	known      map[string]event.Receipt    // stored events by key
	newest     map[string]newest           // by meeting
	followers  map[string][]*ledger.Placed // by meeting
	heads      map[string]place            // first of each lane
	leased     map[string]*leased          // runs to record, by id

	replaced map[single]string // by which event, in this transaction

	windows  windows
	memories memories.Book
	again    map[string]bool // runs whose progress is stored already, by id

	out   writes
	freed bool // a held run became free
}

// newest is the newest event of a meeting.
type newest struct {
	id, kind string
	happened int64
}

// place is the place of an event in the order of its meeting.
type place struct{ happened, seq int64 }

func (p place) before(o place) bool {
	return p.happened < o.happened || p.happened == o.happened && p.seq < o.seq
}

// leased is the row of a run that is being recorded.
type leased struct {
	ledger.Placed
	owner    string
	replaced string // id of the event that has started the rule again
	crowded  bool   // another run was in one of its lanes
}

func newTransaction(items []*item) *transaction {
	t := &transaction{
		items: items, handover: newHandover(),
		known: map[string]event.Receipt{}, newest: map[string]newest{},
		followers: map[string][]*ledger.Placed{}, heads: map[string]place{}, leased: map[string]*leased{},
		replaced: map[single]string{}, again: map[string]bool{},
	}
	t.out.tallies = ledger.Tallies{}
	t.windows = newWindows(&t.out)
	return t
}

// needs is what load has to read.
type needs struct {
	locks    []int32
	events   []string // keys
	meetings []string // of the events, and of runs that follow theirs
	accepted []string // meetings of the events alone
	lanes    []string
	runs     []string // ids
	memories []string // keys
	fresh    int      // new runs
	windows  windowNeeds
}

// lockSpace separates Gavel's advisory locks from others ("gvl").
const lockSpace = 0x67766c

func lockKey(name string) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return int32(h.Sum32())
}

func (t *transaction) needs() needs {
	var n needs
	for _, it := range t.items {
		if p := it.Work.progress; p != nil {
			n.runs = append(n.runs, p.Run.ID)
			for _, key := range event.KeysOf(p.Remember) {
				n.memories = append(n.memories, string(key))
				n.locks = append(n.locks, lockKey(string(key)))
			}
			if p.Run.MeetingID != "" {
				n.locks = append(n.locks, lockKey(p.Run.MeetingKey()))
			}
			if ledger.Follows(p.Run) {
				n.meetings = append(n.meetings, p.Run.MeetingKey())
			}
			continue
		}
		a := it.Work.accept
		n.events = append(n.events, a.Event.Key())
		n.fresh += len(a.Runs)
		n.windows.add(a)
		if !a.Event.HasMeeting() {
			n.locks = append(n.locks, lockKey(a.Event.Key()))
			continue
		}
		meeting := a.Event.MeetingKey()
		n.locks = append(n.locks, lockKey(meeting))
		n.meetings = append(n.meetings, meeting)
		n.accepted = append(n.accepted, meeting)
		for i := range a.Runs {
			n.lanes = append(n.lanes, a.Runs[i].Lanes...)
		}
	}
	n.locks = append(n.locks, n.windows.locks()...)
	// The same order for all transactions, so that they cannot deadlock.
	slices.Sort(n.locks)
	n.locks = slices.Compact(n.locks)
	return n
}

const (
	beginText = "BEGIN ISOLATION LEVEL READ COMMITTED"
	lockText  = "SELECT pg_advisory_xact_lock($1, k) FROM unnest($2::int4[]) k"

	numbersText = `SELECT array(SELECT nextval('gavel_event_seq') FROM generate_series(1, $1::int)),
		array(SELECT nextval('gavel_run_rid') FROM generate_series(1, $2::int))`
	knownText  = `SELECT id, seq, late FROM gavel_events WHERE id = ANY($1::text[])`
	newestText = `SELECT m.meeting, e.id, e.type, e.happened FROM unnest($1::text[]) AS m(meeting)
		CROSS JOIN LATERAL (SELECT id, type, happened FROM gavel_events WHERE meeting = m.meeting
			ORDER BY happened DESC, seq DESC LIMIT 1) e`
	followText = `SELECT ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM gavel_runs r
		WHERE r.meeting = ANY($1::text[]) AND r.follow AND r.status IN ('pending', 'waiting', 'running') ORDER BY r.rid FOR UPDATE`
	headsText = `SELECT l.lane, h.happened, h.event_seq FROM unnest($1::text[]) AS l(lane)
		CROSS JOIN LATERAL (SELECT happened, event_seq FROM gavel_run_lanes WHERE lane = l.lane
			ORDER BY happened, event_seq LIMIT 1) h`
	// crowded is whether another run is in one of its lanes, which is rare.
	leasedText = `SELECT id, rid, event_seq, happened, coalesce(lanes, ''), status, coalesce(owner, ''), coalesce(replaced, ''),
		EXISTS (SELECT 1 FROM gavel_run_lanes mine JOIN gavel_run_lanes other ON other.lane = mine.lane AND other.rid <> mine.rid
			WHERE mine.rid = gavel_runs.rid)
		FROM gavel_runs WHERE id = ANY($1::text[]) ORDER BY rid FOR UPDATE`
)

// load begins the transaction, takes the locks and reads, in one round trip.
func (t *transaction) load(ctx context.Context, conn *pgx.Conn) error {
	n := t.needs()
	b := &pgx.Batch{}
	b.Queue(beginText)
	if len(n.locks) > 0 {
		b.Queue(lockText, lockSpace, n.locks)
	}
	if len(n.events) > 0 {
		b.Queue(numbersText, len(n.events), n.fresh).QueryRow(func(row pgx.Row) error { return row.Scan(&t.seqs, &t.rids) })
		b.Queue(knownText, n.events).Query(each(t.readKnown))
	}
	if len(n.meetings) > 0 {
		b.Queue(newestText, n.meetings).Query(each(t.readNewest))
	}
	if len(n.accepted) > 0 {
		b.Queue(followText, n.accepted).Query(each(t.readFollower))
	}
	if len(n.lanes) > 0 {
		b.Queue(headsText, n.lanes).Query(each(t.readHead))
	}
	if len(n.runs) > 0 {
		b.Queue(leasedText, n.runs).Query(each(t.readLeased))
	}
	t.memories.Load(b, n.memories)
	t.loadAgain(b)
	t.windows.load(b, &n.windows)
	return conn.SendBatch(ctx, b).Close()
}

// loadAgain looks for progress that remembers and is stored already, because the
// answer to its commit was lost.
func (t *transaction) loadAgain(b *pgx.Batch) {
	text := strings.Replace(strings.Replace(ledger.AgainText, "~", "gavel_", 1), "rid = $1", "rid = (SELECT rid FROM gavel_runs WHERE id = $1)", 1)
	for _, it := range t.items {
		if p := it.Work.progress; p != nil {
			if args := ledger.AgainArgs(p); args != nil {
				b.Queue(text, append([]any{p.Run.ID}, args...)...).QueryRow(func(row pgx.Row) error {
					var same int
					err := row.Scan(&same)
					t.again[p.Run.ID] = same > 0
					return err
				})
			}
		}
	}
}

// each reads every row of a result.
func each(read func(ledger.Scanner) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := read(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

func (t *transaction) readKnown(row ledger.Scanner) error {
	var id string
	r := event.Receipt{Duplicate: true}
	err := row.Scan(&id, &r.Seq, &r.Late)
	t.known[id] = r
	return err
}

func (t *transaction) readNewest(row ledger.Scanner) error {
	var (
		meeting string
		n       newest
	)
	err := row.Scan(&meeting, &n.id, &n.kind, &n.happened)
	t.newest[meeting] = n
	return err
}

func (t *transaction) readFollower(row ledger.Scanner) error {
	p, err := ledger.ScanPlaced(row)
	if err != nil {
		return err
	}
	t.followers[p.MeetingKey()] = append(t.followers[p.MeetingKey()], p)
	return nil
}

func (t *transaction) readHead(row ledger.Scanner) error {
	var (
		lane string
		p    place
	)
	err := row.Scan(&lane, &p.happened, &p.seq)
	t.heads[lane] = p
	return err
}

func (t *transaction) readLeased(row ledger.Scanner) error {
	var (
		l             leased
		lanes, status string
	)
	if err := row.Scan(&l.ID, &l.Row, &l.EventSeq, &l.Happened, &lanes, &status, &l.owner, &l.replaced, &l.crowded); err != nil {
		return err
	}
	l.Lanes, l.Status = ledger.DecodeLanes(lanes), event.Status(status)
	t.leased[l.ID] = &l
	return nil
}
