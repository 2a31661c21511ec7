package event

import (
	"slices"
	"time"
)

// WindowMemory is a WindowBook in memory, for simulations. It is not safe for
// concurrent use.
type WindowMemory struct {
	unused map[string][]Occurrence // by scope, in the order of their time
	spans  map[string]Span
	used   map[string][]Occurrence // by run
	awake  map[string]bool         // runs that no longer collect
}

// NewWindowMemory returns an empty book.
func NewWindowMemory() *WindowMemory {
	return &WindowMemory{
		unused: map[string][]Occurrence{}, spans: map[string]Span{},
		used: map[string][]Occurrence{}, awake: map[string]bool{},
	}
}

// Near implements WindowBook.
func (m *WindowMemory) Near(scope string, moment time.Time, length time.Duration, n int) ([]Occurrence, error) {
	all := m.unused[scope]
	at, _ := slices.BinarySearchFunc(all, moment, func(o Occurrence, t time.Time) int {
		if o.At.After(t) {
			return 1
		}
		return -1
	})
	from, to := at, at
	for from > 0 && at-from < n && moment.Sub(all[from-1].At) <= length {
		from--
	}
	for to < len(all) && to-at < n && all[to].At.Sub(moment) <= length {
		to++
	}
	return slices.Clone(all[from:to]), nil
}

// Note implements WindowBook.
func (m *WindowMemory) Note(scope string, o Occurrence, run string) error {
	if run != "" {
		m.used[run] = append(m.used[run], o)
		return nil
	}
	all := m.unused[scope]
	at, _ := slices.BinarySearchFunc(all, o.At, func(x Occurrence, t time.Time) int {
		if x.At.After(t) {
			return 1
		}
		return -1
	})
	m.unused[scope] = slices.Insert(all, at, o)
	return nil
}

// Use implements WindowBook.
func (m *WindowMemory) Use(scope string, used []Occurrence, run string) error {
	m.unused[scope] = slices.DeleteFunc(m.unused[scope], func(o Occurrence) bool {
		return slices.ContainsFunc(used, func(u Occurrence) bool { return u.Seq == o.Seq })
	})
	m.used[run] = append(m.used[run], used...)
	return nil
}

// Span implements WindowBook.
func (m *WindowMemory) Span(scope string) (Span, error) { return m.spans[scope], nil }

// SetSpan implements WindowBook.
func (m *WindowMemory) SetSpan(scope string, s Span) error {
	m.spans[scope] = s
	return nil
}

// Sleeps implements WindowBook. A run sleeps until Wake is called for it.
func (m *WindowMemory) Sleeps(runID string) (bool, error) { return !m.awake[runID], nil }

// Wake says that a run no longer collects.
func (m *WindowMemory) Wake(runID string) { m.awake[runID] = true }

// Used returns the occurrences that a run has used, oldest first.
func (m *WindowMemory) Used(runID string) []Occurrence {
	out := slices.Clone(m.used[runID])
	slices.SortStableFunc(out, func(a, b Occurrence) int { return a.At.Compare(b.At) })
	return out
}

// Forget drops what is older than a moment and the runs that have ended, so
// that a long simulation needs little memory.
func (m *WindowMemory) Forget(before time.Time, ended ...string) {
	for scope, all := range m.unused {
		all = slices.DeleteFunc(all, func(o Occurrence) bool { return o.At.Before(before) })
		if m.unused[scope] = all; len(all) == 0 {
			delete(m.unused, scope)
		}
	}
	for scope, s := range m.spans {
		if s.Until.Before(before) {
			delete(m.spans, scope)
		}
	}
	for _, id := range ended {
		delete(m.used, id)
		delete(m.awake, id)
	}
}
