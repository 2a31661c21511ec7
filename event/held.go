package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Held says which window has held a run back, and how that window stood.
type Held struct {
	Window WindowKind `json:"window"`
	// Counted is how many events a threshold had with this one.
	Counted int `json:"counted,omitempty"`
	// Until is when a throttle lets the next run through; zero when that is not
	// known.
	Until time.Time `json:"until,omitzero"`
}

// HeldBy tells which window has held the run back; nil if none has.
func (r *Run) HeldBy() *Held {
	switch {
	case r.Status != StatusSkipped:
		return nil
	case r.HeldBack != nil:
		return r.HeldBack
	}
	return heldByWords(r.Reason)
}

// heldByWords reads the reason of a run that an earlier build has stored,
// which kept nothing else. These are the words of that build, whatever a reason
// says today.
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

// throttleResult is where a run keeps what its throttle has held back. No
// action has such an id.
const throttleResult = "#throttle"

type throttled struct {
	Suppressed int `json:"suppressed"`
}

// SetSuppressed keeps how many runs a throttle has held back before this one.
func (r *Run) SetSuppressed(n int) error {
	if n == 0 {
		return nil
	}
	raw, err := json.Marshal(throttled{n})
	if err != nil {
		return fmt.Errorf("keep the count: %w", err)
	}
	results := map[string]json.RawMessage{throttleResult: raw}
	maps.Copy(results, r.Results)
	r.Results = results
	return nil
}

// Suppressed is how many runs a throttle has held back since the one before
// this.
func (r *Run) Suppressed() int {
	var t throttled
	if raw, ok := r.Results[throttleResult]; ok && json.Unmarshal(raw, &t) == nil {
		return t.Suppressed
	}
	return 0
}
