package gate

import "sync"

// maxByHand is the most manually started runs that are remembered.
const maxByHand = 1000

// ByHand are the runs that were started manually and have not reached a gate.
// The zero value is empty. It is safe for concurrent use.
type ByHand struct {
	mu   sync.Mutex
	runs map[string]bool
}

// Add records that a run was started manually.
func (h *ByHand) Add(runID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs == nil || len(h.runs) >= maxByHand {
		h.runs = map[string]bool{} // the remaining ones were canceled, or run elsewhere
	}
	h.runs[runID] = true
}

// Take reports whether the run was started manually, and forgets it.
func (h *ByHand) Take(runID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.runs[runID] {
		return false
	}
	delete(h.runs, runID)
	return true
}
