package gate

import "sync"

// maxByHand bounds the runs that are remembered as started by hand.
const maxByHand = 1000

// ByHand are the runs that somebody has started, until they come to a gate. The
// zero value has none. It is safe for concurrent use.
type ByHand struct {
	mu   sync.Mutex
	runs map[string]bool
}

// Add notes that somebody has started a run.
func (h *ByHand) Add(runID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs == nil || len(h.runs) >= maxByHand {
		h.runs = map[string]bool{} // what is left of them was canceled, or runs elsewhere
	}
	h.runs[runID] = true
}

// Take reports whether the run was started by hand, once.
func (h *ByHand) Take(runID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.runs[runID] {
		return false
	}
	delete(h.runs, runID)
	return true
}
