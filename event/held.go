package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Held says which window held a run back, and the state of that window.
type Held struct {
	Window WindowKind `json:"window"`
	// Counted is how many events a threshold had, including this one.
	Counted int `json:"counted,omitempty"`
	// Until is when a throttle allows the next run; zero if not known.
	Until time.Time `json:"until,omitzero"`
}

// HeldBy returns the window that held the run back, or nil.
func (r *Run) HeldBy() *Held {
	switch {
	case r.Status != StatusSkipped:
		return nil
	case r.HeldBack != nil:
		return r.HeldBack
	}
	return heldByWords(r.Reason)
}

// heldByWords parses the reason of a run stored by an earlier version, which
// stored nothing else. The texts are those of that version.
func heldByWords(reason string) *Held {
	if strings.HasPrefix(reason, "throttled: ") {
		return &Held{Window: WindowThrottle}
	}
	h := &Held{Window: WindowThreshold}
	if _, err := fmt.Sscanf(reason, "threshold: %d of", &h.Counted); err != nil {
		return nil
	}
	return h
}

// throttleResult is the key in Results of the count of throttled runs. No action
// has such an id.
const throttleResult = "#throttle"

type throttled struct {
	Suppressed int `json:"suppressed"`
}

// SetSuppressed stores how many runs a throttle held back before this one.
func (r *Run) SetSuppressed(n int) error {
	if n == 0 {
		return nil
	}
	raw, err := json.Marshal(throttled{n})
	if err != nil {
		return fmt.Errorf("encode the count: %w", err)
	}
	results := map[string]json.RawMessage{throttleResult: raw}
	maps.Copy(results, r.Results)
	r.Results = results
	return nil
}

// Suppressed returns how many runs a throttle held back since the run before
// this one.
func (r *Run) Suppressed() int {
	raw, ok := r.Results[throttleResult]
	if !ok {
		return 0
	}
	var t throttled
	if json.Unmarshal(raw, &t) != nil {
		return 0
	}
	return t.Suppressed
}
