package postgres

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/window"
)

// windows is the window.Book of a transaction. It is read when the transaction
// begins, under a lock for each scope, and changed in memory; the changes are
// written with everything else.
type windows struct {
	*ledger.Windows
	out     *writes
	seen    map[string]map[int64]bool // loaded occurrences, by scope
	asleep  map[string]bool           // runs that collect
	changed map[string]bool           // scopes whose span has changed

	awaiting map[string][]*ledger.Placed // runs of absences, by scope
}

func newWindows(out *writes) windows {
	return windows{
		Windows: ledger.NewWindows(), out: out,
		seen: map[string]map[int64]bool{}, asleep: map[string]bool{}, changed: map[string]bool{},
		awaiting: map[string][]*ledger.Placed{},
	}
}

// Note implements window.Book.
func (w *windows) Note(scope string, o event.Occurrence, run string) error {
	w.out.single.Queue(`INSERT INTO gavel_window_events (scope, run, happened, event_seq, event_id) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, scope, run, ledger.Micros(o.At), o.Seq, o.EventID)
	return w.Windows.Note(scope, o, run)
}

// Use implements window.Book.
func (w *windows) Use(scope string, used []event.Occurrence, run string) error {
	seqs, happened := make([]int64, len(used)), make([]int64, len(used))
	for i, o := range used {
		seqs[i], happened[i] = o.Seq, ledger.Micros(o.At)
	}
	w.out.single.Queue(`UPDATE gavel_window_events e SET run = $2 FROM unnest($3::bigint[], $4::bigint[]) AS u(seq, happened)
		WHERE e.scope = $1 AND e.run = '' AND e.happened = u.happened AND e.event_seq = u.seq`, scope, run, seqs, happened)
	return w.Windows.Use(scope, used, run)
}

// SetSpan implements window.Book.
func (w *windows) SetSpan(scope string, s event.Span) error {
	w.changed[scope] = true
	if s.Run != "" {
		w.asleep[s.Run] = true // just planned
	}
	return w.Windows.SetSpan(scope, s)
}

// Sleeps implements window.Book.
func (w *windows) Sleeps(runID string) (bool, error) { return w.asleep[runID], nil }

// queueSpans writes each changed span once.
func (w *windows) queueSpans(b *pgx.Batch) {
	for _, scope := range slices.Sorted(maps.Keys(w.changed)) {
		s, _ := w.Span(scope) // from memory
		b.Queue(`INSERT INTO gavel_windows (scope, until, suppressed, run) VALUES ($1, $2, $3, $4)
			ON CONFLICT (scope) DO UPDATE SET until = excluded.until, suppressed = excluded.suppressed, run = excluded.run`,
			scope, ledger.Micros(s.Until), s.Suppressed, s.Run)
	}
}

// windowNeeds is what to read for the windows of a transaction.
type windowNeeds struct {
	near  map[string][]stretch // thresholds, by scope
	spans []string             // throttles and digests

	absences   []string // scopes of new runs of absences, with their times
	from, upTo []int64
	ends       []string // scopes of absences that may end
	since      []int64  // when the oldest of their runs began
	at         []int64
}

// stretch is a time, or several close to each other.
type stretch struct {
	from, to, reach int64
	count           int32
}

func (n *windowNeeds) add(a *event.Acceptance) {
	at := ledger.Micros(a.Event.Timestamp)
	for _, e := range a.Ends {
		n.ends, n.since, n.at = append(n.ends, e.Window.Scope()), append(n.since, at-e.Window.Length.Microseconds()), append(n.at, at)
	}
	for i := range a.Runs {
		for _, w := range a.Runs[i].Windows {
			if w.Kind == event.WindowAbsence {
				from := at
				if w.Begins {
					from -= w.Length.Microseconds()
				}
				n.absences, n.from, n.upTo = append(n.absences, w.Scope()), append(n.from, from), append(n.upTo, at+w.Length.Microseconds())
				continue
			}
			if w.Kind != event.WindowThreshold {
				n.spans = append(n.spans, w.Scope())
				continue
			}
			if n.near == nil {
				n.near = map[string][]stretch{}
			}
			n.near[w.Scope()] = append(n.near[w.Scope()], stretch{at, at, w.Length.Microseconds(), int32(w.Count)})
		}
	}
}

// locks returns the locks of the scopes: only their holder may change the
// windows.
func (n *windowNeeds) locks() []int32 {
	var out []int32
	for scope := range n.near {
		out = append(out, lockKey("window\x00"+scope))
	}
	for _, scope := range slices.Concat(n.spans, n.absences, n.ends) {
		out = append(out, lockKey("window\x00"+scope))
	}
	return out
}

// joined merges times that are within one length, so that a burst of events of
// one key reads the same rows once.
func joined(all []stretch) []stretch {
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	out := all[:1]
	for _, s := range all[1:] {
		last := &out[len(out)-1]
		if s.to-last.from > last.reach {
			out = append(out, s)
			continue
		}
		last.to, last.reach, last.count = s.to, max(last.reach, s.reach), max(last.count, s.count)
	}
	return out
}

const (
	// A stretch and what follows it have less than three counts of unused
	// occurrences: more would have reached the threshold.
	nearText = `SELECT q.scope, w.event_id, w.event_seq, w.happened
		FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int4[]) AS q(scope, low, high, reach, count)
		CROSS JOIN LATERAL (
			(SELECT event_id, event_seq, happened FROM gavel_window_events e WHERE e.scope = q.scope AND e.run = ''
				AND e.happened <= q.low AND e.happened >= q.low - q.reach ORDER BY happened DESC, event_seq DESC LIMIT q.count)
			UNION ALL
			(SELECT event_id, event_seq, happened FROM gavel_window_events e WHERE e.scope = q.scope AND e.run = ''
				AND e.happened > q.low AND e.happened <= q.high + q.reach ORDER BY happened, event_seq LIMIT 3 * q.count)
		) w ORDER BY w.happened, w.event_seq`
	spansText = `SELECT scope, until, suppressed, run FROM gavel_windows WHERE scope = ANY($1::text[])`
	// The lock prevents a digest from being claimed while an event joins it.
	asleepText = `SELECT id FROM gavel_runs WHERE id IN (SELECT run FROM gavel_windows WHERE scope = ANY($1::text[]) AND run <> '')
		AND status = 'waiting' ORDER BY rid FOR UPDATE`
	cameText = `SELECT q.scope, w.event_id, w.event_seq, w.happened FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS q(scope, low, high)
		CROSS JOIN LATERAL (SELECT event_id, event_seq, happened FROM gavel_window_events e WHERE e.scope = q.scope AND e.run = ''
			AND e.happened > q.low AND e.happened <= q.high ORDER BY happened LIMIT 1) w`
	awaitingText = `SELECT a.scope, ` + ledger.RunColumns + `, ` + ledger.PlaceColumns + ` FROM (
			SELECT DISTINCT w.scope, w.run FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS q(scope, low, high)
			JOIN gavel_window_events w ON w.scope = q.scope AND w.run <> '' AND w.happened >= q.low AND w.happened <= q.high) a
		JOIN gavel_runs r ON r.id = a.run WHERE r.status IN ('waiting', 'pending') ORDER BY r.rid FOR UPDATE OF r`
)

func (w *windows) load(b *pgx.Batch, n *windowNeeds) {
	if len(n.near) > 0 {
		var scopes []string
		var from, to, reach []int64
		var count []int32
		for _, scope := range slices.Sorted(maps.Keys(n.near)) {
			for _, s := range joined(n.near[scope]) {
				scopes, from, to = append(scopes, scope), append(from, s.from), append(to, s.to)
				reach, count = append(reach, s.reach), append(count, s.count)
			}
		}
		b.Queue(nearText, scopes, from, to, reach, count).Query(each(w.readNear))
	}
	if len(n.spans) > 0 {
		b.Queue(spansText, n.spans).Query(each(w.readSpan))
		b.Queue(asleepText, n.spans).Query(each(w.readAsleep))
	}
	if len(n.absences) > 0 {
		b.Queue(cameText, n.absences, n.from, n.upTo).Query(each(w.readNear))
	}
	if len(n.ends) > 0 {
		b.Queue(awaitingText, n.ends, n.since, n.at).Query(each(w.readAwaiting))
	}
}

func (w *windows) readNear(row ledger.Scanner) error {
	var (
		scope    string
		o        event.Occurrence
		happened int64
	)
	if err := row.Scan(&scope, &o.EventID, &o.Seq, &happened); err != nil {
		return err
	}
	if w.seen[scope][o.Seq] {
		return nil
	}
	if w.seen[scope] == nil {
		w.seen[scope] = map[int64]bool{}
	}
	w.seen[scope][o.Seq] = true
	o.At = ledger.Time(happened)
	return w.Windows.Note(scope, o, "")
}

func (w *windows) readSpan(row ledger.Scanner) error {
	var (
		scope string
		s     event.Span
		until int64
	)
	if err := row.Scan(&scope, &until, &s.Suppressed, &s.Run); err != nil {
		return err
	}
	s.Until = ledger.Time(until)
	return w.Windows.SetSpan(scope, s)
}

func (w *windows) readAsleep(row ledger.Scanner) error {
	var id string
	err := row.Scan(&id)
	w.asleep[id] = true
	return err
}

func (w *windows) readAwaiting(row ledger.Scanner) error {
	var scope string
	p, err := ledger.ScanPlacedBehind(row, &scope)
	if err != nil {
		return err
	}
	w.awaiting[scope] = append(w.awaiting[scope], p)
	return nil
}

// await keeps a new run of an absence, for events of the same transaction.
func (w *windows) await(planned *event.PlannedRun, p *ledger.Placed) {
	for _, x := range planned.Windows {
		if x.Kind == event.WindowAbsence && p.Awaits() {
			w.awaiting[x.Scope()] = append(w.awaiting[x.Scope()], p)
		}
	}
}

var _ window.Book = (*windows)(nil)
