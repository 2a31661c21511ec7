package memory

import (
	"slices"
	"time"
)

const (
	// latest is how late an event can be received, beyond the length of a
	// window, and still be counted in it.
	latest = 24 * time.Hour
	// leastSwept is the number of windows below which none is removed.
	leastSwept = 1024
)

// forgetWindows removes the windows that no later event can need. It checks
// all of them, but only when their number has doubled, so that the cost per
// event is small.
func (s *Store) forgetWindows(now time.Time) {
	if !s.opts.Forget || len(s.windows) < max(leastSwept, s.sweepAt) {
		return
	}
	var holding []string
	for scope, w := range s.windows {
		w.forget(now)
		switch {
		case len(w.notes) > 0 || now.Before(w.span.Until) || slices.ContainsFunc(w.awaiting, func(id string) bool { return s.runs[id] != nil }):
		case w.span.Suppressed == 0:
			delete(s.windows, scope)
		default:
			holding = append(holding, scope) // the next run reports how many
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

// forget removes the occurrences that are too old to be counted with any later
// event.
func (w *windowState) forget(now time.Time) {
	w.notes = slices.DeleteFunc(w.notes, func(n note) bool { return now.Sub(n.taken) > w.reach+latest })
}
