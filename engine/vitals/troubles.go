package vitals

import "time"

// Troubles count the runs that this process cannot carry on with.
type Troubles struct {
	// Refused is how often the store has refused the progress of a run since
	// the start, Unrecorded how many runs it lets not even fail.
	Refused, Unrecorded int
	// RefusedBecause is the newest cause.
	RefusedBecause string
	// Stuck is how many runs cannot begin, StuckBecause why one of them cannot.
	Stuck        int
	StuckBecause string
}

// Count tells what goes wrong with single runs at this time.
func Count(r *Refusals, s *Stuck, now time.Time) Troubles {
	var t Troubles
	t.Refused, t.Unrecorded, t.RefusedBecause = r.count()
	t.Stuck, t.StuckBecause = s.count(now)
	return t
}
