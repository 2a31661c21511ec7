package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

const (
	DefaultMaxInFlight = 16
	// parkedAtMost bounds how many leased runs wait in memory for one
	// connection; more go back to the store for a while, so that a slow
	// destination cannot fill the process.
	parkedAtMost = 128
	// parkedFor is the longest foreseeable wait that is spent in memory.
	parkedFor = 10 * time.Second
	// shortestHold and longestHold bound how long a run goes back to the store
	// when the connection has too many waiting already.
	shortestHold = 250 * time.Millisecond
	longestHold  = 20 * time.Second
	// turnedOver is how many runs per second may go back and forth between the
	// store and a connection that is too slow for all of them. It is also the
	// least pace at which what was held goes out once the connection is fast.
	turnedOver = 1000
	// breakerTrips is how many failures of the destination in a row open its
	// circuit breaker, breakerOpen how long it then stays open.
	breakerTrips = 10
	breakerOpen  = 30 * time.Second
)

// gate bounds what goes over one connection: how many calls at once, how many
// per second, none while the destination asked for a pause or is broken.
type gate struct {
	name string
	now  func() time.Time

	mu       sync.Mutex
	limits   rules.Limits
	limiter  *rate.Limiter
	breaker  *gobreaker.TwoStepCircuitBreaker[any]
	openedAt time.Time
	paused   time.Time
	inFlight int
	parked   []parkedTask
	held     holds
	// pace is the smoothed time between the ends of two calls, lastEnd the
	// newest of them.
	pace    time.Duration
	lastEnd time.Time
	timer   *time.Timer
}

type parkedTask struct {
	task   task
	resume func(task)
}

// admission is the right to one call; it must be given back by leave.
type admission struct {
	gate *gate
	done func(error)
	used bool // a call was made with it
}

// entry is the answer of a gate: go on with admission, or the task is parked
// here, or it has to be held in the store.
type entry struct {
	admission *admission
	parked    bool
	hold      time.Duration
	reason    string
}

func newGate(name string, now func() time.Time) *gate {
	g := &gate{name: name, now: now}
	g.breaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Name:         name,
		Timeout:      breakerOpen,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
		IsSuccessful: func(err error) bool { return !destinationBroken(err) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				g.openedAt = now() // called under g.mu, from Allow or done
			}
		},
	})
	return g
}

// destinationBroken tells failures of the destination as a whole from those of
// one request.
func destinationBroken(err error) bool {
	var f *event.Failure
	if !errors.As(err, &f) {
		return false
	}
	return f.Cause == event.CauseServer || f.Cause == event.CauseTimeout || f.Cause == event.CauseNetwork
}

func (g *gate) setLimits(l rules.Limits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limits == l {
		return
	}
	g.limits = l
	g.limiter = nil
	if l.Rate > 0 {
		g.limiter = rate.NewLimiter(rate.Limit(l.Rate), max(1, l.Burst))
	}
}

// enter asks to make one call. A parked task is resumed, with its admission,
// by calling resume.
func (g *gate) enter(t task, resume func(task)) entry {
	if t.admitted != nil {
		return entry{admission: t.admitted}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var blocked time.Duration
	var reason string
	if len(g.parked) == 0 {
		a, wait, why := g.admit()
		if a != nil {
			return entry{admission: a}
		}
		blocked, reason = wait, why
	} else {
		blocked, reason = g.blocked()
	}
	switch {
	case blocked > parkedFor:
		return entry{hold: g.holdFor(blocked), reason: reason}
	case len(g.parked) >= parkedAtMost:
		return entry{hold: g.holdFor(0), reason: fmt.Sprintf("held: connection %s is busy: %d under way, %d waiting", g.name, g.inFlight, len(g.parked))}
	}
	g.parked = append(g.parked, parkedTask{t, resume})
	g.wakeIn(blocked)
	return entry{parked: true}
}

// holdFor is how long a run goes back to the store: until the gate opens, or
// about as long as the runs before it will take; long enough not to turn the
// queue over in the store all the time, short enough not to let the connection
// idle.
func (g *gate) holdFor(blocked time.Duration) time.Duration {
	now := g.now()
	before := time.Duration(len(g.parked) + g.held.until(now))
	turn := before * time.Second / turnedOver
	hold := max(blocked, turn)
	if blocked == 0 {
		hold = min(max(g.pace*before, shortestHold), max(longestHold, turn))
	}
	hold = jitter(hold)
	g.held.add(now.Add(hold))
	return hold
}

// admit gives one admission, or says how long the gate is certainly closed (0:
// until a call ends) and why.
func (g *gate) admit() (*admission, time.Duration, string) {
	if wait, why := g.blocked(); wait > 0 {
		return nil, wait, why
	}
	if g.inFlight >= g.limits.MaxInFlight {
		return nil, 0, ""
	}
	now := g.now()
	var reserved *rate.Reservation
	if g.limiter != nil {
		reserved = g.limiter.ReserveN(now, 1)
		if wait := reserved.DelayFrom(now); wait > 0 {
			reserved.CancelAt(now)
			return nil, wait, fmt.Sprintf("held: connection %s is limited to %g per second", g.name, g.limits.Rate)
		}
	}
	done, err := g.breaker.Allow()
	if err != nil {
		if reserved != nil {
			reserved.CancelAt(now)
		}
		// Open, or half open with its one probe under way.
		return nil, max(g.openedAt.Add(breakerOpen).Sub(now), time.Second), g.brokenReason()
	}
	g.inFlight++
	return &admission{gate: g, done: done}, 0, ""
}

// blocked says how long nothing can pass, whatever ends in the meantime.
func (g *gate) blocked() (time.Duration, string) {
	now := g.now()
	if wait := g.paused.Sub(now); wait > 0 {
		return wait, fmt.Sprintf("held: connection %s asked for a pause until %s", g.name, stamp(g.paused))
	}
	if g.breaker.State() == gobreaker.StateOpen {
		return max(g.openedAt.Add(breakerOpen).Sub(now), time.Second), g.brokenReason()
	}
	return 0, ""
}

func (g *gate) brokenReason() string {
	return fmt.Sprintf("held: connection %s failed %d times in a row; tried again at %s", g.name, breakerTrips, stamp(g.openedAt.Add(breakerOpen)))
}

// leave gives the admission back with how the call ended, and lets the next
// parked tasks through.
func (a *admission) leave(err error) {
	g := a.gate
	g.mu.Lock()
	a.done(err)
	g.inFlight--
	g.measure()
	resumed := g.pump()
	g.mu.Unlock()
	resumeAll(resumed)
}

// measure takes the time between two ends while the connection is busy; a
// pause between two bursts says nothing about its pace.
func (g *gate) measure() {
	now := g.now()
	if !g.lastEnd.IsZero() {
		g.pace += (now.Sub(g.lastEnd) - g.pace) / 8
	}
	g.lastEnd = now
	if g.inFlight == 0 && len(g.parked) == 0 {
		g.lastEnd = time.Time{}
	}
}

// pause closes the gate for everybody for the given time.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.now().Add(d); until.After(g.paused) {
		g.paused = until
	}
	g.wakeIn(d)
}

// pump takes out the parked tasks that can go on now.
func (g *gate) pump() []parkedTask {
	var out []parkedTask
	for len(g.parked) > 0 {
		a, wait, _ := g.admit()
		if a == nil {
			g.wakeIn(wait)
			break
		}
		p := g.parked[0]
		g.parked = g.parked[1:]
		p.task.admitted = a
		out = append(out, p)
	}
	return out
}

// wakeIn makes the gate look at its parked tasks after d; 0 means that the end
// of a call does.
func (g *gate) wakeIn(d time.Duration) {
	if d <= 0 || len(g.parked) == 0 {
		return
	}
	if g.timer != nil {
		g.timer.Stop()
	}
	g.timer = time.AfterFunc(d, func() {
		g.mu.Lock()
		resumed := g.pump()
		g.mu.Unlock()
		resumeAll(resumed)
	})
}

func resumeAll(tasks []parkedTask) {
	for _, p := range tasks {
		p.resume(p.task)
	}
}

func (g *gate) state() ConnectionState {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := ConnectionState{
		Name: g.name, InFlight: g.inFlight, MaxInFlight: g.limits.MaxInFlight, Rate: g.limits.Rate,
		Parked: len(g.parked), Breaker: g.breaker.State().String(),
	}
	if g.paused.After(g.now()) {
		s.PausedUntil = g.paused
	}
	if g.breaker.State() == gobreaker.StateOpen {
		s.TriedAgain = g.openedAt.Add(breakerOpen)
	}
	return s
}

// jitter spreads runs that are held for the same reason.
func jitter(d time.Duration) time.Duration {
	return d + rand.N(max(d/5, time.Millisecond))
}
