package gate

import (
	"context"
	"time"
)

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

// Again waits until one more call of the same admission fits the rate of the
// destination, or until it no longer has to pause.
func (a *Admission) Again(ctx context.Context) error {
	for a.gate != nil {
		wait := a.gate.again()
		if wait <= 0 {
			break
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
	return nil
}

// again takes the turn of another call, or returns how long there is none.
func (g *Gate) again() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if wait := g.paused.Sub(now); wait > 0 || g.limiter == nil {
		return wait
	}
	reserved := g.limiter.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
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
