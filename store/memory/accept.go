package memory

import (
	"container/heap"
	"context"
	"fmt"
	"slices"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Accept stores an event and the runs it starts, and moves or drops the runs
// that follow its meeting.
func (s *Store) Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return event.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := a.Event.Key()
	if known, ok := s.events[key]; ok {
		known.Deliveries++
		known.LastSeen = ledger.Received(&a)
		return event.Receipt{Duplicate: true, Seq: known.Seq, Late: known.Late}, nil
	}
	s.seq++
	s.spare, s.gone = append(s.spare, s.gone...), s.gone[:0]
	k := &kept{key: key, Record: event.Record{
		Seq: s.seq, Event: a.Event, Revision: a.Revision, Deliveries: 1, LastSeen: ledger.Received(&a), Runs: len(a.Runs),
	}}
	receipt := event.Receipt{Seq: s.seq}
	newest := s.join(k)
	receipt.Late = k.Late
	s.events[key] = k
	if k.meeting != nil && !k.Late {
		s.follow(&a, k.meeting, &receipt)
	}
	s.endAbsences(&a, &receipt)
	for i := range a.Runs {
		if err := s.start(&a, i, k, newest, &receipt); err != nil {
			return receipt, fmt.Errorf("accept event %q: %w", a.Event.ID, err)
		}
	}
	s.sight(&a, k)
	s.forget(k)
	s.forgetWindows(a.Now)
	s.forgetMemories(a.Now)
	return receipt, nil
}

func (s *Store) start(a *event.Acceptance, i int, k *kept, newest string, receipt *event.Receipt) error {
	planned := &a.Runs[i]
	p := s.place()
	*p = placed{Run: planned.Run, event: k, seq: k.Seq, row: i, index: -1, single: planned.Replaces}
	ledger.Begin(a, &p.Run, planned.SkipIfLate, k.Late, newest)
	s.book = book{s, k.Event, a.Now}
	if err := ledger.AskWindows(&s.book, a, planned, &p.Run, k.Seq, receipt); err != nil {
		return err
	}
	receipt.Created++
	if p.Status.Done() && s.opts.Forget {
		s.gone = append(s.gone, p)
		return nil
	}
	s.runs[p.ID] = p
	if p.Status.Done() {
		return nil
	}
	k.open++
	if m := s.meetingOf(p); m != nil {
		m.replace(p, k.Late, newest)
		if ledger.Follows(&p.Run) {
			m.following.add(p)
		}
	}
	s.joinLanes(p)
	s.await(planned, p)
	if ledger.Birth(a, &p.Run, s.held(p)) {
		p.owner = a.Owner
		receipt.Started = append(receipt.Started, copyOf(&p.Run))
		return nil
	}
	heap.Push(&s.queue, p)
	return nil
}

// place returns memory for a run.
func (s *Store) place() *placed {
	last := len(s.spare) - 1
	if last < 0 {
		return &placed{}
	}
	p := s.spare[last]
	s.spare = s.spare[:last]
	return p
}

// follow applies the newest event of a meeting to the runs that follow it.
func (s *Store) follow(a *event.Acceptance, m *meeting, receipt *event.Receipt) {
	for _, p := range slices.Clone(m.following) {
		if ledger.Sending(a, &p.Run) {
			receipt.Sending = append(receipt.Sending, p.ID)
			continue
		}
		replaced := ledger.Replaces(a, &p.Run)
		if replaced && !ledger.CanDrop(&p.Run) {
			p.replaced = a.Event.Key()
			continue
		}
		var move event.Move
		if replaced {
			move = event.Move{Action: event.MoveDrop, Reason: ledger.ReplaceReason(a.Event.Key())}
		} else {
			move = ledger.Decide(a, &p.Run)
		}
		switch move.Action {
		case event.MoveTo:
			p.Due, p.Reason, p.Updated = move.Due, move.Reason, a.Now
			if p.index >= 0 {
				heap.Fix(&s.queue, p.index)
			}
			receipt.Moved++
		case event.MoveDrop:
			p.Status, p.Reason, p.Updated, p.Finished = event.StatusCanceled, move.Reason, a.Now, a.Now
			if receipt.Dropped++; replaced {
				receipt.Dropped, receipt.Replaced = receipt.Dropped-1, receipt.Replaced+1
			}
			s.ended(p)
		default:
			continue
		}
		if s.opts.Changed != nil {
			s.opts.Changed(&p.Run, ledger.Change(p.ID, a.Now, move.Reason))
		}
	}
}

// Record stores the progress of a leased run.
func (s *Store) Record(_ context.Context, progress event.Progress) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.runs[progress.Run.ID]
	if !ok {
		return fmt.Errorf("record run %q: %w", progress.Run.ID, event.ErrNotFound)
	}
	if p.Status != event.StatusRunning || p.owner != progress.Owner {
		return fmt.Errorf("record run %q: %w: the lease is lost; the run is %s now", p.ID, event.ErrConflict, p.Status)
	}
	if err := s.remember(&progress, &p.last); err != nil {
		return fmt.Errorf("record run %q: %w", p.ID, err)
	}
	lanes := p.Lanes
	p.Run = *progress.Run
	p.Lanes = lanes
	if m := s.meetingOf(p); m != nil && ledger.Follows(&p.Run) {
		m.following.add(p)
		if p.replaced != "" {
			reason := ledger.ReplaceReason(p.replaced)
			p.Status, p.Reason, p.Finished = event.StatusCanceled, reason, p.Updated
			s.ended(p)
			return ledger.Dropped(progress.Run, reason)
		}
		if m.canceled() && m.newest().Seq != p.seq {
			reason := ledger.DropReason(m.newest().Event)
			p.Status, p.Reason, p.Finished = event.StatusCanceled, reason, p.Updated
			s.ended(p)
			return ledger.Dropped(progress.Run, reason)
		}
	} else if m != nil {
		m.following.remove(p)
	}
	switch {
	case p.Status.Done():
		s.ended(p)
	case p.Status != event.StatusRunning:
		if ledger.Frees(p.Status) {
			s.leaveLanes(p)
		}
		p.owner = ""
		heap.Push(&s.queue, p)
	}
	return nil
}

// ended takes a run out of every order.
func (s *Store) ended(p *placed) {
	s.leaveLanes(p)
	if p.index >= 0 {
		heap.Remove(&s.queue, p.index)
	}
	p.owner = ""
	if m := s.meetingOf(p); m != nil {
		m.following.remove(p)
		m.singles.remove(p)
	}
	p.event.open--
	s.forget(p.event)
	if s.opts.Forget {
		delete(s.runs, p.ID)
		delete(s.gathered, p.ID)
		s.gone = append(s.gone, p)
	}
}

// forget lets go of an event that has no more runs to come. Its meeting keeps
// what it needs of it.
func (s *Store) forget(k *kept) {
	if s.opts.Forget && k.open == 0 {
		delete(s.events, k.key)
	}
}
