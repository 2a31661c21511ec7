package engine

import "sync"

// mostHands bounds the runs that are remembered as started by hand.
const mostHands = 1000

// hands are the runs that somebody has made due, until they come to a gate.
type hands struct {
	mu   sync.Mutex
	runs map[string]bool
}

func (h *hands) put(runID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs == nil || len(h.runs) >= mostHands {
		h.runs = map[string]bool{} // what is left of them was canceled, or runs elsewhere
	}
	h.runs[runID] = true
}

// take reports whether the run was started by hand, once.
func (h *hands) take(runID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.runs[runID] {
		return false
	}
	delete(h.runs, runID)
	return true
}
