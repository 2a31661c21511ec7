package gate

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

const (
	// DefaultMaxInFlight is the default number of concurrent calls to a
	// destination.
	DefaultMaxInFlight = 16
	// parkedAtMost is how many leased runs may wait in memory for one connection.
	// Others go back to the store for a while, so that a slow destination cannot
	// fill the memory.
	parkedAtMost = 128
	// parkedFor is the longest expected wait in memory.
	parkedFor = 10 * time.Second
	// shortestHold and longestHold limit how long a run goes back to the store if
	// too many wait for the connection.
	shortestHold = 250 * time.Millisecond
	longestHold  = 20 * time.Second
	// turnedOver is how many runs per second may move between the store and a
	// connection that is too slow for all of them. It is also the lowest rate at
	// which held runs are sent once the connection is fast.
	turnedOver = 1000
	// longestHeld is how long a run stays in the store before the gate is checked
	// again, because it may have been opened manually.
	longestHeld = time.Minute
	// firstPause is the pause of a connection that asks for one without a
	// duration. It doubles each time, up to longestUnsaid. longestPause is the
	// longest pause that a connection can ask for.
	firstPause    = 5 * time.Second
	longestUnsaid = time.Minute
	longestPause  = time.Hour
	// liftEvery limits how often a gate is opened manually: retrying a thousand
	// runs must not make a thousand calls to a destination that asked for a pause.
	liftEvery = 10 * time.Second
)

// Gate limits the calls to one destination, which is a connection or a host. A
// nil Gate has no limits. It is safe for concurrent use.
type Gate struct {
	title string // as in reasons: "connection crm"
	now   func() time.Time

	mu       sync.Mutex
	limits   rules.Limits
	limiter  *rate.Limiter
	breaker  breaker
	paused   time.Time
	unsaid   int // pauses in a row that were asked for without a duration
	lifted   time.Time
	used     time.Time // when it was last used
	inFlight int
	parked   []parked
	held     holds
	// pace is the smoothed time between the ends of two calls, lastEnd the
	// newest of them.
	pace    time.Duration
	lastEnd time.Time
	timer   *time.Timer
	news    news
}

func newGate(title string, now func() time.Time, tell func(News)) *Gate {
	return &Gate{title: title, now: now, news: news{tell: tell}}
}

func (g *Gate) setLimits(l rules.Limits) {
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

// Enter asks for one call on a path, which is an action of a rule. A parked run
// is resumed by calling resume with its admission; with nil it must enter again.
func (g *Gate) Enter(path string, resume func(*Admission)) Entry {
	if g == nil {
		return Entry{Admission: &Admission{}}
	}
	e, found := g.enter(path, resume)
	g.tellAll(found)
	return e
}

func (g *Gate) enter(path string, resume func(*Admission)) (Entry, []News) {
	g.mu.Lock()
	defer g.mu.Unlock()
	closed, reason, alone := g.closed(path)
	if closed == 0 && len(g.parked) == 0 {
		var a *Admission
		if a, closed, reason = g.admit(path); a != nil {
			return Entry{Admission: a}, nil
		}
	}
	switch {
	// A run that waits for its own path must not block others.
	case closed > parkedFor, alone:
		return Entry{Hold: g.holdFor(closed), Reason: reason}, g.holding(reason)
	case len(g.parked) >= parkedAtMost:
		reason = fmt.Sprintf("held: %s is busy: %d under way, %d waiting", g.title, g.inFlight, len(g.parked))
		return Entry{Hold: g.holdFor(0), Reason: reason}, g.holding(reason)
	}
	g.parked = append(g.parked, parked{path: path, resume: resume})
	g.wakeIn(closed)
	return Entry{Parked: true}, nil
}

// holdFor is how long a run goes back to the store: until the gate opens, or
// about as long as the runs before it take. It is long enough not to claim the
// same runs all the time, and short enough not to leave the connection idle.
func (g *Gate) holdFor(blocked time.Duration) time.Duration {
	now := g.now()
	before := time.Duration(len(g.parked) + g.held.until(now))
	turn := before * time.Second / turnedOver
	hold := max(min(blocked, longestHeld), turn)
	if blocked == 0 {
		hold = min(max(g.pace*before, shortestHold), max(longestHold, turn))
	}
	hold = Spread(hold)
	g.held.add(now.Add(hold))
	return hold
}

// admit returns an admission, or how long the limits keep the gate closed at
// least (0: until a call ends) and why. The path must be open.
func (g *Gate) admit(path string) (*Admission, time.Duration, string) {
	if g.inFlight >= g.limits.MaxInFlight {
		return nil, 0, ""
	}
	if g.limiter != nil {
		now := g.now()
		reserved := g.limiter.ReserveN(now, 1)
		if wait := reserved.DelayFrom(now); wait > 0 {
			reserved.CancelAt(now)
			return nil, wait, fmt.Sprintf("held: %s is limited to %g per second", g.title, g.limits.Rate)
		}
	}
	g.breaker.begin(path)
	g.inFlight++
	return &Admission{gate: g, path: path}, 0, ""
}

// closed returns how long no call is possible on a path, why, and whether only
// this path is closed.
func (g *Gate) closed(path string) (wait time.Duration, reason string, alone bool) {
	now := g.now()
	if wait := g.paused.Sub(now); wait > 0 {
		return wait, fmt.Sprintf("held: %s asked us to wait until %s", g.title, event.TimeText(g.paused)), false
	}
	wait = g.breaker.blocked(path, now)
	switch {
	case wait == 0:
		return 0, "", false
	case g.breaker.rests.After(now):
		return wait, fmt.Sprintf("held: %s failed %d times in a row; next try at %s", g.title, g.breaker.streak, event.TimeText(now.Add(wait))), false
	}
	return wait, fmt.Sprintf("held: this action fails at %s; next try at %s", g.title, event.TimeText(now.Add(wait))), true
}

// measure updates pace while the connection is busy. The time between two bursts
// does not count.
func (g *Gate) measure() {
	now := g.now()
	if !g.lastEnd.IsZero() {
		g.pace += (now.Sub(g.lastEnd) - g.pace) / 8
	}
	g.lastEnd = now
	if g.inFlight == 0 && len(g.parked) == 0 {
		g.lastEnd = time.Time{}
	}
}

// Pause closes the gate for the time that the destination asked for; 0 means
// that it did not say.
func (g *Gate) Pause(asked time.Duration) {
	if g == nil {
		return
	}
	g.mu.Lock()
	now := g.now()
	d := min(asked, longestPause)
	if asked <= 0 {
		// Several calls under way at once count as one request for a pause.
		if !g.paused.After(now) {
			g.unsaid++
		}
		d = min(firstPause<<min(max(g.unsaid-1, 0), 10), longestUnsaid)
	}
	var found []News
	if until := now.Add(d); until.After(g.paused) {
		first := !g.paused.After(now)
		g.paused = until
		if _, reason, _ := g.closed(""); first {
			found = []News{{g.title, Asked, reason}}
		}
	}
	resumed := g.pump()
	g.mu.Unlock()
	g.tellAll(found)
	resumeAll(resumed)
}

// Lift opens the gate manually.
func (g *Gate) Lift() {
	if g == nil {
		return
	}
	g.mu.Lock()
	now := g.now()
	if now.Sub(g.lifted) < liftEvery {
		g.mu.Unlock()
		return
	}
	g.lifted, g.paused, g.unsaid = now, time.Time{}, 0
	g.breaker.lift()
	resumed := g.pump()
	g.mu.Unlock()
	resumeAll(resumed)
}

// busy reports whether a call is under way or waiting.
func (g *Gate) busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight > 0 || len(g.parked) > 0
}

// idle reports whether the gate has the same state as a new one.
func (g *Gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight == 0 && len(g.parked) == 0 && !g.paused.After(g.now()) && len(g.breaker.paths) == 0 && !g.breaker.open
}

func (g *Gate) state() State {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	s := State{InFlight: g.inFlight, MaxInFlight: g.limits.MaxInFlight, Rate: g.limits.Rate, Parked: len(g.parked)}
	if g.paused.After(now) {
		s.PausedUntil = g.paused
	}
	s.Breaker, s.TriedAgain = g.breaker.state(now)
	if g.breaker.open {
		s.FailsSince, s.Cause = g.breaker.since, g.breaker.cause
	}
	return s
}

// Spread lengthens a pause by up to a fifth, so that runs that are held for the
// same reason do not come back together.
func Spread(d time.Duration) time.Duration {
	return d + rand.N(max(d/5, time.Millisecond))
}
