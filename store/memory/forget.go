package memory

import (
	"slices"
	"time"
)

const (
	// latest is how late an event can come, beyond the length of a window, and
	// still find what it counts with.
	latest = 24 * time.Hour
	// leastSwept is how many windows are kept without a look at them.
	leastSwept = 1024
)

// forgetWindows lets go of the windows that no later event can ask for. It
// looks at all of them, but only when they have doubled, so that it costs
// little for each event.
func (s *Store) forgetWindows(now time.Time) {
	if !s.opts.Forget || len(s.windows) < max(leastSwept, s.sweepAt) {
		return
	}
	var holding []string
	for scope, w := range s.windows {
		w.forget(now)
		switch {
		case len(w.notes) > 0 || now.Before(w.span.Until):
		case w.span.Suppressed == 0:
			delete(s.windows, scope)
		default:
			holding = append(holding, scope) // the next run tells how many
		}
	}
	if over := len(holding) - s.opts.Meetings; over > 0 {
		slices.SortFunc(holding, func(a, b string) int { return s.windows[a].span.Until.Compare(s.windows[b].span.Until) })
		for _, scope := range holding[:over] {
			delete(s.windows, scope)
		}
	}
	s.sweepAt = 2 * len(s.windows)
}

// forget lets go of the occurrences that came so long ago that nothing can
// count with them any more.
func (w *windowState) forget(now time.Time) {
	w.notes = slices.DeleteFunc(w.notes, func(n note) bool { return now.Sub(n.taken) > w.reach+latest })
}
