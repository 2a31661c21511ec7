package event

import (
	"slices"
	"time"
)

// Standing is where a window stands in the store, to be looked at: nothing is
// counted by looking.
type Standing struct {
	// Near are the occurrences that no run has used, as WindowBook.Near gives
	// them; without the event that is asked about.
	Near []Occurrence
	// Noted says that the window has counted this event, Run which run has used
	// it or collects it; empty if none has.
	Noted bool
	Run   string
	// Span is the newest span, and Collects whether the run of a digest still
	// sleeps in it.
	Span     Span
	Collects bool
}

// Outlook is what a window would make of an event.
type Outlook struct {
	// Opens says that the rule would run for this event; of a digest, that it
	// would begin one.
	Opens bool
	// Counted is how many events a threshold would have with this one.
	Counted int
	// Used are the events that a threshold would bring together, in the order
	// of their times: those that the run would get, or those counted so far.
	Used []Occurrence
}

// Outlook says what the window would make of an event that came now. It
// decides as Settle does.
func (s *Standing) Outlook(w Window, here Occurrence, now time.Time) Outlook {
	switch w.Kind {
	case WindowThrottle:
		return Outlook{Opens: !s.Span.holds(now)}
	case WindowDigest:
		return Outlook{Opens: !s.Span.collects(now) || !s.Collects}
	}
	used, best := w.reached(s.Near, here)
	if used != nil {
		return Outlook{Opens: true, Counted: len(used), Used: used}
	}
	all := append(slices.Clone(s.Near), here)
	slices.SortStableFunc(all, func(a, b Occurrence) int { return a.At.Compare(b.At) })
	used = slices.DeleteFunc(all, func(o Occurrence) bool { return here.At.Sub(o.At).Abs() > w.Length })
	return Outlook{Counted: best, Used: used[max(0, len(used)-best):]}
}

// Began is when the span began that a window of this length keeps; the zero
// time when there is none.
func (s Span) Began(length time.Duration) time.Time {
	if s.Until.IsZero() {
		return time.Time{}
	}
	return s.Until.Add(-length)
}

// holds reports whether a throttle holds runs back.
func (s Span) holds(now time.Time) bool { return now.Before(s.Until) }

// collects reports whether a digest could take an event.
func (s Span) collects(now time.Time) bool { return s.Run != "" && now.Before(s.Until) }
