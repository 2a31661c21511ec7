package vitals

import "time"

// Troubles count the runs that this process cannot continue.
type Troubles struct {
	// Refused is how often the store rejected the progress of a run since the
	// start. Unrecorded is how many runs it does not even let fail.
	Refused, Unrecorded int
	// RefusedBecause is the newest cause.
	RefusedBecause string
	// Stuck is how many runs cannot begin, StuckBecause the reason of one.
	Stuck        int
	StuckBecause string
}

// Count returns the current counts.
func Count(r *Refusals, s *Stuck, now time.Time) Troubles {
	var t Troubles
	t.Refused, t.Unrecorded, t.RefusedBecause = r.count()
	t.Stuck, t.StuckBecause = s.count(now)
	return t
}
