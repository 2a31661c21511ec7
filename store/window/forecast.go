package window

import (
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Forecast is what a window would make of an event.
type Forecast struct {
	// Opens says that the rule would run for this event; of a digest, that it
	// would begin one.
	Opens bool
	// Counted is how many events a threshold would have with this one.
	Counted int
	// Used are the events that a threshold would bring together, in the order
	// of their times: those that the run would get, or those counted so far.
	Used []event.Occurrence
}

// ForecastOf says what the window would make of an event that came now. It
// decides as Decide does.
func ForecastOf(s *event.WindowState, w event.Window, here event.Occurrence, now time.Time) Forecast {
	switch w.Kind {
	case event.WindowThrottle:
		return Forecast{Opens: !holds(s.Span, now)}
	case event.WindowDigest:
		return Forecast{Opens: !collects(s.Span, now) || !s.Collects}
	}
	if w.Kind == event.WindowAbsence {
		return Forecast{Opens: w.CameAfter(s.Near, here) == nil}
	}
	used, best := reached(w, s.Near, here)
	if used != nil {
		return Forecast{Opens: true, Counted: len(used), Used: used}
	}
	all := append(slices.Clone(s.Near), here)
	slices.SortStableFunc(all, func(a, b event.Occurrence) int { return a.At.Compare(b.At) })
	used = slices.DeleteFunc(all, func(o event.Occurrence) bool { return here.At.Sub(o.At).Abs() > w.Length })
	return Forecast{Counted: best, Used: used[max(0, len(used)-best):]}
}

// holds reports whether a throttle holds runs back.
func holds(s event.Span, now time.Time) bool { return now.Before(s.Until) }

// collects reports whether a digest could take an event.
func collects(s event.Span, now time.Time) bool { return s.Run != "" && now.Before(s.Until) }
