package vitals

import (
	"fmt"
	"sync"

	"github.com/gavel-rules/gavel/event"
)

const (
	// maxKept bounds the runs that are kept in memory. Beyond it, the tries that
	// are counted when a run is claimed again are the only bound.
	maxKept = 10_000
	// refusedInARow is how many runs the store has to refuse, and none take in
	// between, before the engine counts as unable to work: one bad row must not
	// stop the intake.
	refusedInARow = 3
)

// Refusals are the runs whose progress the store has refused. It is safe for
// concurrent use.
type Refusals struct {
	mu    sync.Mutex
	kept  map[string]event.Progress // ends that the store did not take, by run
	total int
	row   map[string]bool // runs refused since one was last stored
	last  string          // cause of the newest
}

// NewRefusals returns Refusals without any.
func NewRefusals() *Refusals {
	return &Refusals{kept: map[string]event.Progress{}, row: map[string]bool{}}
}

// Add notes that the store has refused the progress of a run.
func (r *Refusals) Add(runID string, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.last = cause.Error()
	if len(r.row) < maxKept {
		r.row[runID] = true
	}
}

// Stored notes that progress was taken.
func (r *Refusals) Stored() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.row)
}

// Keep keeps the end of a run that the store did not take.
func (r *Refusals) Keep(p event.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < maxKept {
		run := *p.Run // the caller's may be given another state
		p.Run = &run
		r.kept[run.ID] = p
	}
}

// Has reports whether the end of a run is kept.
func (r *Refusals) Has(runID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, kept := r.kept[runID]
	return kept
}

// Kept returns the ends that are kept.
func (r *Refusals) Kept() []event.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]event.Progress, 0, len(r.kept))
	for _, p := range r.kept {
		out = append(out, p)
	}
	return out
}

// Forget drops the end of a run.
func (r *Refusals) Forget(runID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, runID)
}

// UnhealthyReason says that the store takes no progress at all, or nothing.
func (r *Refusals) UnhealthyReason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.row) < refusedInARow {
		return ""
	}
	return fmt.Sprintf("the database rejected the progress of %d runs in a row: %s", len(r.row), r.last)
}

// count tells how many were refused, how many are kept, and the newest cause.
func (r *Refusals) count() (refused, kept int, cause string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total, len(r.kept), r.last
}
