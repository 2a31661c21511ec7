package gate

import "time"

// Admission is the right to one call; it must be given back by Leave or Return.
type Admission struct {
	gate *Gate // nil where nothing bounds the calls
	path string
	left bool // given back
}

// Entry is the answer of a gate: one of Admission, Parked and Hold is set.
type Entry struct {
	// Admission is the right to make the call now.
	Admission *Admission
	// Parked says that the run waits at the gate, which resumes it.
	Parked bool
	// Hold is for how long the run has to go back to the store, for Reason.
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

// Return gives the admission back without a call, or after one of which nothing
// is known. It does nothing when the admission was given back already.
func (a *Admission) Return() {
	a.leave(func(g *Gate) { g.breaker.unused(a.path) })
}

// leave notes what came of the admission and lets the next parked runs through.
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
	resumed := g.pump()
	g.mu.Unlock()
	resumeAll(resumed)
}
