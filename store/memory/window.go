package memory

import (
	"context"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// windowState is the state of one window of one key.
type windowState struct {
	notes []note // unused ones, in the order of their time
	span  event.Span
	reach time.Duration // the longest stretch that was asked for
	// awaiting are the runs of an absence, also some that have gone on.
	awaiting []string
}

type note struct {
	event.Occurrence
	view  event.Gathered
	taken time.Time // when it was accepted
}

// gathering is what was collected for a run: the number of events, and the
// newest of them, oldest first.
type gathering struct {
	count  int
	newest []event.Gathered
}

// book is the window.Book of one accepted event.
type book struct {
	*Store
	ev  *event.Event
	now time.Time
}

func (b book) window(scope string) *windowState {
	w := b.windows[scope]
	if w == nil {
		w = &windowState{}
		b.windows[scope] = w
	}
	return w
}

// Near implements window.Book.
func (b book) Near(scope string, moment time.Time, length time.Duration, n int) ([]event.Occurrence, error) {
	w := b.window(scope)
	w.reach = max(w.reach, length)
	var before, after []event.Occurrence
	for _, o := range w.notes {
		switch {
		case o.At.After(moment):
			if o.At.Sub(moment) <= length && len(after) < n {
				after = append(after, o.Occurrence)
			}
		case moment.Sub(o.At) <= length:
			before = append(before, o.Occurrence)
		}
	}
	if len(before) > n {
		before = before[len(before)-n:]
	}
	return append(before, after...), nil
}

// Note implements window.Book.
func (b book) Note(scope string, o event.Occurrence, run string) error {
	if run != "" {
		b.gather(run, event.Gather(b.ev))
		return nil
	}
	w := b.window(scope)
	i := len(w.notes)
	for i > 0 && o.At.Before(w.notes[i-1].At) {
		i--
	}
	w.notes = slices.Insert(w.notes, i, note{o, event.Gather(b.ev), b.now})
	if b.opts.Forget {
		w.forget(b.now)
	}
	return nil
}

// Use implements window.Book.
func (b book) Use(scope string, used []event.Occurrence, run string) error {
	w := b.window(scope)
	for _, o := range used {
		i := slices.IndexFunc(w.notes, func(n note) bool { return n.Seq == o.Seq })
		if i >= 0 {
			b.gather(run, w.notes[i].view)
			w.notes = slices.Delete(w.notes, i, i+1)
		}
	}
	return nil
}

func (b book) gather(run string, view event.Gathered) {
	g := b.gathered[run]
	if g == nil {
		g = &gathering{}
		b.gathered[run] = g
	}
	g.count++
	i := len(g.newest)
	for i > 0 && view.Timestamp.Before(g.newest[i-1].Timestamp) {
		i--
	}
	g.newest = slices.Insert(g.newest, i, view)
	if len(g.newest) > event.GatherAtMost {
		g.newest[0] = event.Gathered{}
		g.newest = g.newest[1:] // moving all of them for each event would cost more
	}
}

// Span implements window.Book.
func (b book) Span(scope string) (event.Span, error) { return b.window(scope).span, nil }

// SetSpan implements window.Book.
func (b book) SetSpan(scope string, s event.Span) error {
	b.window(scope).span = s
	return nil
}

// Sleeps implements window.Book.
func (b book) Sleeps(runID string) (bool, error) {
	p := b.runs[runID]
	return p != nil && p.Status == event.StatusWaiting, nil
}

// Gathered returns the events that a threshold or a digest has collected for a
// run; the zero Gathering if none.
func (s *Store) Gathered(_ context.Context, runID string) (*event.Gathering, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gathered[runID]
	if g == nil {
		return &event.Gathering{}, nil
	}
	return &event.Gathering{Count: g.count, Events: slices.Clone(g.newest)}, nil
}

// await keeps a run of an absence with what it awaits.
func (s *Store) await(planned *event.PlannedRun, p *placed) {
	for _, w := range planned.Windows {
		if w.Kind == event.WindowAbsence && p.Awaits() {
			window := s.book.window(w.Scope())
			window.awaiting = append(slices.DeleteFunc(window.awaiting, func(id string) bool {
				known := s.runs[id]
				return known == nil || !known.Awaits()
			}), p.ID)
		}
	}
}

// endAbsences cancels the runs that awaited an event.
func (s *Store) endAbsences(a *event.Acceptance, receipt *event.Receipt) {
	for _, e := range a.Ends {
		w := s.windows[e.Window.Scope()]
		if w == nil {
			continue
		}
		for _, id := range slices.Clone(w.awaiting) {
			p := s.runs[id]
			if p == nil || !p.Awaits() || !e.Ends(p.event.Event.Timestamp, a.Event.Timestamp) {
				continue
			}
			p.Status, p.Reason, p.Updated, p.Finished = event.StatusCanceled, e.Reason, a.Now, a.Now
			receipt.Dropped++
			s.ended(p)
			if s.opts.Changed != nil {
				s.opts.Changed(&p.Run, ledger.Change(p.ID, a.Now, e.Reason))
			}
		}
	}
}

// sight notes that an event has come, for runs of events that come late.
func (s *Store) sight(a *event.Acceptance, k *kept) {
	for _, e := range a.Ends {
		s.book = book{s, a.Event, a.Now}
		w := s.book.window(e.Window.Scope())
		w.reach = max(w.reach, e.Window.Length)
		_ = s.book.Note(e.Window.Scope(), ledger.Counted(a, k.Seq), "") // cannot fail: it is in memory
	}
}
