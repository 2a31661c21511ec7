package vitals

import (
	"fmt"
	"sync"

	"github.com/gavel-rules/gavel/event"
)

const (
	// maxKept is the most runs kept in memory. Beyond it, only the attempts
	// counted when a run is claimed again limit repeats.
	maxKept = 10_000
	// refusedInARow is how many runs in a row the store must reject before the
	// engine is unhealthy: one bad row must not stop the intake.
	refusedInARow = 3
)

// Refusals are the runs whose progress the store rejected. It is safe for
// concurrent use.
type Refusals struct {
	mu    sync.Mutex
	kept  map[string]event.Progress // ends that the store rejected, by run
	total int
	row   map[string]bool // runs refused since one was last stored
	last  string          // cause of the newest
}

// NewRefusals returns empty Refusals.
func NewRefusals() *Refusals {
	return &Refusals{kept: map[string]event.Progress{}, row: map[string]bool{}}
}

// Add records that the store rejected the progress of a run.
func (r *Refusals) Add(runID string, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.last = cause.Error()
	if len(r.row) < maxKept {
		r.row[runID] = true
	}
}

// Stored records that progress was stored.
func (r *Refusals) Stored() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.row)
}

// Keep keeps the end of a run that the store rejected.
func (r *Refusals) Keep(p event.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < maxKept {
		run := *p.Run // the caller may change its run
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

// UnhealthyReason says that the store rejects all progress, or returns "".
func (r *Refusals) UnhealthyReason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.row) < refusedInARow {
		return ""
	}
	return fmt.Sprintf("the database rejected the progress of %d runs in a row: %s", len(r.row), r.last)
}

// count returns how many were rejected, how many are kept, and the newest cause.
func (r *Refusals) count() (refused, kept int, cause string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total, len(r.kept), r.last
}
