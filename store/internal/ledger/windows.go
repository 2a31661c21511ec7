package ledger

import (
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Windows holds in memory what one transaction has read and changed of
// windows.
type Windows struct {
	unused map[string][]event.Occurrence // by scope, in the order of their time
	spans  map[string]event.Span
}

// NewWindows returns an empty one.
func NewWindows() *Windows {
	return &Windows{unused: map[string][]event.Occurrence{}, spans: map[string]event.Span{}}
}

// Near implements window.Book.
func (m *Windows) Near(scope string, moment time.Time, length time.Duration, n int) ([]event.Occurrence, error) {
	all := m.unused[scope]
	at, _ := slices.BinarySearchFunc(all, moment, func(o event.Occurrence, t time.Time) int {
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

// Note implements window.Book.
func (m *Windows) Note(scope string, o event.Occurrence, run string) error {
	if run != "" {
		return nil
	}
	all := m.unused[scope]
	at, _ := slices.BinarySearchFunc(all, o.At, func(x event.Occurrence, t time.Time) int {
		if x.At.After(t) {
			return 1
		}
		return -1
	})
	m.unused[scope] = slices.Insert(all, at, o)
	return nil
}

// Use implements window.Book.
func (m *Windows) Use(scope string, used []event.Occurrence, _ string) error {
	m.unused[scope] = slices.DeleteFunc(m.unused[scope], func(o event.Occurrence) bool {
		return slices.ContainsFunc(used, func(u event.Occurrence) bool { return u.Seq == o.Seq })
	})
	return nil
}

// Span implements window.Book.
func (m *Windows) Span(scope string) (event.Span, error) { return m.spans[scope], nil }

// SetSpan implements window.Book.
func (m *Windows) SetSpan(scope string, s event.Span) error {
	m.spans[scope] = s
	return nil
}
