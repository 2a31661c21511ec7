package postgres

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// decide decides what to write. Events come before progress: if the meeting is
// canceled in the same transaction, the run is dropped.
func (t *transaction) decide() error {
	for _, it := range t.items {
		if it.Work.accept != nil {
			if err := t.accept(it.Work); err != nil {
				return err
			}
		}
	}
	for _, it := range t.items {
		if it.Work.progress != nil {
			verdict, err := t.record(it.Work.progress)
			if err != nil {
				return err
			}
			it.Work.verdict = verdict
		}
	}
	return nil
}

// accept decides about one event.
func (t *transaction) accept(work *task) error {
	a := work.accept
	if receipt, ok := t.known[a.Event.Key()]; ok {
		work.receipt = receipt
		t.out.repeat(a.Event.Key(), ledger.Micros(ledger.Received(a)))
		return nil
	}
	here := place{happened: ledger.Micros(a.Event.Timestamp), seq: t.seqs[0]}
	t.seqs = t.seqs[1:]
	receipt := event.Receipt{Seq: here.seq}
	meeting, newestID := a.Event.MeetingKey(), ""
	if meeting != "" {
		if n, ok := t.newest[meeting]; ok && here.happened < n.happened {
			receipt.Late, newestID = true, n.id
		} else {
			t.newest[meeting] = newest{id: a.Event.Key(), kind: a.Event.Type, happened: here.happened}
			t.follow(a, t.followers[meeting], &receipt)
		}
	}
	t.out.addEvent(a, meeting, here, receipt.Late)
	t.endAbsences(a, &receipt)
	for i := range a.Runs {
		run := ledger.Start(a, &a.Runs[i], receipt.Late, newestID)
		if err := ledger.AskWindows(&t.windows, a, &a.Runs[i], run, here.seq, &receipt); err != nil {
			return err
		}
		if err := t.start(a, &a.Runs[i], run, here, newestID, &receipt); err != nil {
			return err
		}
	}
	for _, e := range a.Ends {
		if err := t.windows.Note(e.Window.Scope(), ledger.Counted(a, here.seq), ""); err != nil {
			return err
		}
	}
	work.receipt = receipt
	return nil
}

// start decides whether a new run is held, waits for a claim, or is handed to
// the accepting process.
func (t *transaction) start(a *event.Acceptance, p *event.PlannedRun, run *event.Run, here place, newest string, receipt *event.Receipt) error {
	row := t.rids[0]
	t.rids = t.rids[1:]
	held := false
	for _, lane := range run.Lanes {
		if head, ok := t.heads[lane]; ok && head.before(here) {
			held = true
		}
	}
	mine := ledger.Birth(a, run, held)
	results, err := ledger.EncodeResults(run)
	if err != nil {
		return err
	}
	if p.Replaces && newest == "" {
		t.replaceUnslept(run)
	}
	r := newRun{Run: run, row: row, place: here, held: held, results: results, handover: t.handover, single: ledger.Single(p)}
	if mine {
		r.owner, r.lease = &a.Owner, ledger.Micros(a.LeaseUntil)
		receipt.Started = append(receipt.Started, run)
	} else if !held && !run.Status.Done() {
		t.out.notify = true
	}
	t.out.addRun(r)
	t.windows.await(p, &ledger.Placed{Run: *run, Place: ledger.Place{Row: row, EventSeq: here.seq, Happened: here.happened}})
	if p.Replaces && newest != "" {
		t.replacedAlready(r, newest)
	}
	for _, lane := range run.Lanes {
		t.out.joinLane(lane, here, row)
	}
	receipt.Created++
	return nil
}

// endAbsences cancels the runs that awaited an event.
func (t *transaction) endAbsences(a *event.Acceptance, receipt *event.Receipt) {
	for _, e := range a.Ends {
		scope := e.Window.Scope()
		for _, p := range t.windows.awaiting[scope] {
			if !p.Awaits() || !e.Ends(ledger.Time(p.Happened), ledger.Time(ledger.Micros(a.Event.Timestamp))) {
				continue
			}
			t.drop(p, a.Now, e.Reason)
			p.Status = event.StatusCanceled
			receipt.Dropped++
			t.out.single.Queue("DELETE FROM gavel_window_events WHERE scope = $1 AND run = $2", scope, p.ID)
		}
	}
}

// follow applies the newest event of a meeting to the runs that follow it.
func (t *transaction) follow(a *event.Acceptance, runs []*ledger.Placed, receipt *event.Receipt) {
	for _, p := range runs {
		if ledger.Sending(a, &p.Run) {
			receipt.Sending = append(receipt.Sending, p.ID)
			continue
		}
		if ledger.Replaces(a, &p.Run) {
			t.replace(a, p, receipt)
			continue
		}
		m := ledger.Decide(a, &p.Run)
		switch m.Action {
		case event.MoveTo:
			t.out.move(p.Row, m, a.Now)
			t.note(p, a.Now, m.Reason)
			t.out.notify = true // it may be due sooner than before
			receipt.Moved++
		case event.MoveDrop:
			t.drop(p, a.Now, m.Reason)
			receipt.Dropped++
		}
	}
}

// record decides about the progress of one run. The verdict is the result for
// the caller.
func (t *transaction) record(p *event.Progress) (verdict, err error) {
	l, ok := t.leased[p.Run.ID]
	if !ok {
		return event.ErrNotFound, nil
	}
	for i := range p.Attempts {
		t.out.addAttempt(l.Row, &p.Attempts[i])
	}
	if l.Status != event.StatusRunning || l.owner != p.Owner {
		return fmt.Errorf("%w: the lease is lost; the run is %s now", event.ErrConflict, l.Status), nil
	}
	results, err := ledger.EncodeResults(p.Run)
	if err != nil {
		return nil, err
	}
	t.out.progress(l.Row, p, results)
	if !t.again[p.Run.ID] {
		if err := t.memories.Remember(&t.out.single, p, l.EventSeq); err != nil {
			return nil, err
		}
	}
	if ledger.Frees(p.Run.Status) {
		t.leave(&l.Placed, l.crowded)
	}
	if !ledger.Follows(p.Run) {
		return nil, nil
	}
	if id := t.replacedBy(l, p.Run); id != "" {
		l.Rule = p.Run.Rule
		reason := ledger.ReplaceReason(id)
		t.drop(&l.Placed, p.Run.Updated, reason)
		return ledger.Dropped(p.Run, reason), nil
	}
	n, ok := t.newest[p.Run.MeetingKey()]
	if !ok || n.kind != event.TypeCanceled || n.id == p.Run.EventKey() {
		return nil, nil
	}
	l.Rule = p.Run.Rule
	reason := ledger.DropReasonOf(n.kind, n.id)
	t.drop(&l.Placed, p.Run.Updated, reason)
	return ledger.Dropped(p.Run, reason), nil
}

func (t *transaction) drop(p *ledger.Placed, now time.Time, reason string) {
	t.out.drop(p.Row, now, reason)
	t.out.tallies.Ended(p.Rule, event.StatusCanceled, now)
	t.note(p, now, reason)
	t.leave(p, true)
	if l := t.leased[p.ID]; l != nil {
		l.Status = event.StatusCanceled // for progress in the same transaction
	}
}

func (t *transaction) note(p *ledger.Placed, now time.Time, reason string) {
	a := ledger.Change(p.ID, now, reason)
	t.out.addAttempt(p.Row, &a)
}

// leave removes a run from its lanes. If no other run is in them, none needs to
// be freed; the meeting's lock guarantees that.
func (t *transaction) leave(p *ledger.Placed, crowded bool) {
	if len(p.Lanes) == 0 {
		return
	}
	t.out.leavers = append(t.out.leavers, p.Row)
	for _, lane := range p.Lanes {
		if crowded || t.out.joined[lane] {
			t.out.lanesLeft = append(t.out.lanesLeft, lane)
		}
	}
}
