package gate

import "time"

// holds counts the runs that a gate sent back to the store, by the second in
// which they are due again.
type holds struct {
	due   map[int64]int
	total int
}

func (h *holds) add(due time.Time) {
	if h.due == nil {
		h.due = map[int64]int{}
	}
	h.due[due.Unix()]++
	h.total++
}

// until removes those that are due at now and returns how many are left.
func (h *holds) until(now time.Time) int {
	for second, n := range h.due {
		if second < now.Unix() {
			delete(h.due, second)
			h.total -= n
		}
	}
	return h.total
}
