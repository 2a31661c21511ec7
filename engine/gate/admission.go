package gate

import "time"

// Admission is the right to one call; it must be given back by Leave or Return.
type Admission struct {
	gate *Gate // nil if there are no limits
	path string
	left bool // given back
}

// Entry is the result of Enter: one of Admission, Parked and Hold is set.
type Entry struct {
	// Admission is the right to make the call now.
	Admission *Admission
	// Parked says that the run waits at the gate, which resumes it.
	Parked bool
	// Hold is how long the run must go back to the store, because of Reason.
	Hold   time.Duration
	Reason string
}

// Leave gives the admission back after its call, which ended with err.
func (a *Admission) Leave(err error) {
	a.leave(func(g *Gate) {
		g.breaker.end(a.path, err, g.now())
		if err == nil {
			g.unsaid = 0
		}
	})
}

// Return gives the admission back without a call, or after one with an unknown
// result. It does nothing if the admission was already given back.
func (a *Admission) Return() {
	a.leave(func(g *Gate) { g.breaker.unused(a.path) })
}

// leave records the result of the admission and admits the next parked runs.
func (a *Admission) leave(note func(*Gate)) {
	g := a.gate
	if g == nil || a.left {
		return
	}
	a.left = true
	g.mu.Lock()
	note(g)
	g.inFlight--
	g.measure()
	found := g.look()
	resumed := g.pump()
	g.mu.Unlock()
	g.tellAll(found)
	resumeAll(resumed)
}
