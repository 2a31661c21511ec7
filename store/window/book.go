// Package window decides what the windows of a rule (thresholds, throttles,
// digests) make of the runs that events start. All stores decide by it.
package window

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Book is where the state of windows is kept. All calls are part of the
// transaction that stores the event.
type Book interface {
	// Near returns the noted occurrences that no run has used yet, in the
	// order of their time: up to n at or before the moment and not older than
	// length, and up to n after it and not younger than length.
	Near(scope string, moment time.Time, length time.Duration, n int) ([]event.Occurrence, error)
	// Note keeps an occurrence: for a run, or unused when run is empty.
	Note(scope string, o event.Occurrence, run string) error
	// Use gives noted occurrences to a run.
	Use(scope string, used []event.Occurrence, run string) error
	// Span returns the newest span of a scope, the zero Span if there is none.
	Span(scope string) (event.Span, error)
	// SetSpan keeps the newest span of a scope.
	SetSpan(scope string, s event.Span) error
	// Sleeps reports whether a run still waits to be claimed.
	Sleeps(runID string) (bool, error)
}
