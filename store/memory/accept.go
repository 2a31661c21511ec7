package memory

import (
	"container/heap"
	"context"
	"fmt"

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
	if known, ok := s.events[a.Event.Key()]; ok {
		known.Deliveries++
		known.LastSeen = ledger.Received(&a)
		return event.Receipt{Duplicate: true, Seq: known.Seq, Late: known.Late}, nil
	}
	s.seq++
	k := &kept{Record: &event.Record{
		Seq: s.seq, Event: a.Event, Revision: a.Revision, Deliveries: 1, LastSeen: ledger.Received(&a), Runs: len(a.Runs),
	}}
	receipt := event.Receipt{Seq: s.seq}
	newest := s.join(k)
	receipt.Late = k.Late
	s.events[a.Event.Key()] = k
	if a.Event.HasMeeting() && !k.Late {
		s.follow(&a, &receipt)
	}
	for i := range a.Runs {
		if err := s.start(&a, i, k, newest, &receipt); err != nil {
			return receipt, fmt.Errorf("accept event %q: %w", a.Event.ID, err)
		}
	}
	s.forget(k)
	s.forgetWindows(a.Now)
	return receipt, nil
}

func (s *Store) start(a *event.Acceptance, i int, k *kept, newest string, receipt *event.Receipt) error {
	run := ledger.Start(a, &a.Runs[i], k.Late, newest)
	if err := ledger.AskWindows(book{s, k.Event, a.Now}, a, &a.Runs[i], run, k.Seq, receipt); err != nil {
		return err
	}
	receipt.Created++
	p := &placed{Run: *run, seq: k.Seq, happened: k.Event.Timestamp, row: i, index: -1, single: a.Runs[i].Replaces}
	if run.Status.Done() && s.opts.Forget {
		return nil
	}
	s.runs[run.ID] = p
	if run.Status.Done() {
		return nil
	}
	k.open++
	s.meetings[p.MeetingKey()].replace(p, k.Late, newest)
	if m := s.meetings[p.MeetingKey()]; m != nil && ledger.Follows(&p.Run) {
		m.follow(p)
	}
	s.joinLanes(p)
	if ledger.Birth(a, &p.Run, s.held(p)) {
		p.owner = a.Owner
		receipt.Started = append(receipt.Started, copyOf(&p.Run))
		return nil
	}
	heap.Push(&s.queue, p)
	return nil
}

// follow applies the newest event of a meeting to the runs that follow it.
func (s *Store) follow(a *event.Acceptance, receipt *event.Receipt) {
	m := s.meetings[a.Event.MeetingKey()]
	for _, p := range m.followers() {
		if ledger.Sending(a, &p.Run) {
			receipt.Sending = append(receipt.Sending, p.ID)
			continue
		}
		replaced := ledger.Replaces(a, &p.Run)
		if replaced && !ledger.CanDrop(&p.Run) {
			p.replaced = a.Event.Key()
			continue
		}
		move := event.Move{Action: event.MoveDrop, Reason: ledger.ReplaceReason(a.Event.Key())}
		if !replaced {
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
			s.opts.Changed(copyOf(&p.Run), ledger.Change(p.ID, a.Now, move.Reason))
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
	lanes := p.Lanes
	p.Run = *copyOf(progress.Run)
	p.Lanes = lanes
	if m := s.meetings[p.MeetingKey()]; m != nil && ledger.Follows(&p.Run) {
		m.follow(p)
		if p.replaced != "" {
			reason := ledger.ReplaceReason(p.replaced)
			p.Status, p.Reason, p.Finished = event.StatusCanceled, reason, p.Updated
			s.ended(p)
			return ledger.Dropped(progress.Run, reason)
		}
		if reason, canceled := m.canceled(); canceled && m.newest().Seq != p.seq {
			p.Status, p.Reason, p.Finished = event.StatusCanceled, reason, p.Updated
			s.ended(p)
			return ledger.Dropped(progress.Run, reason)
		}
	} else if m != nil {
		m.unfollow(p)
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
	if m := s.meetings[p.MeetingKey()]; m != nil {
		m.unfollow(p)
		delete(m.singles, p)
	}
	if k := s.events[p.EventKey()]; k != nil {
		k.open--
		s.forget(k)
	}
	if s.opts.Forget {
		delete(s.runs, p.ID)
		delete(s.gathered, p.ID)
	}
}

// forget lets go of an event that has no more runs to come. Its meeting keeps
// what it needs of it.
func (s *Store) forget(k *kept) {
	if s.opts.Forget && k.open == 0 {
		delete(s.events, k.Event.Key())
	}
}
