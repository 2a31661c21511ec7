package gate

import (
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// breakerTrips is how many failures of the destination in a row make it
	// rest, breakerRest for how long.
	breakerTrips = 10
	breakerRest  = 30 * time.Second
	// probeWait is how soon is looked again whether the one try that is under
	// way has ended.
	probeWait = 2 * time.Second
)

// breaker keeps calls away from a destination that fails. It knows the paths
// that calls take, which are the actions of the rules: one of them can be broken
// while another works.
//
//	closed ── breakerTrips failures in a row ──► everything rests, once
//	   ▲                                              │ breakerRest
//	   └── any success ◄── each path gets one try at a time, and
//	                       rests by itself when it fails
//
// So what works gets its turn after one rest, however much waits that does not.
// A path that alone has failed breakerTrips times rests by itself.
type breaker struct {
	streak int  // failures in a row, over all paths
	open   bool // streak came to breakerTrips, and nothing has worked since
	rests  time.Time
	paths  map[string]*pathState // those that have failed since they last worked, and those being tried
}

type pathState struct {
	failures int // in a row
	rests    time.Time
	trying   bool // one call is under way, and others wait for what comes of it
}

// blocked says for how long a call on this path certainly has to wait.
func (b *breaker) blocked(path string, now time.Time) time.Duration {
	wait := b.rests.Sub(now)
	if p := b.paths[path]; p != nil {
		wait = max(wait, p.rests.Sub(now))
		if p.trying {
			wait = max(wait, probeWait)
		}
	}
	return max(wait, 0)
}

// begin notes that a call begins, which blocked allows.
func (b *breaker) begin(path string) {
	p := b.paths[path]
	if b.open || p != nil && p.failures >= breakerTrips {
		b.path(path).trying = true
	}
}

// unused notes that nothing came of a call that had begun.
func (b *breaker) unused(path string) {
	if p := b.paths[path]; p != nil {
		p.trying = false
		if p.failures == 0 {
			delete(b.paths, path)
		}
	}
}

// end notes what came of a call.
func (b *breaker) end(path string, err error, now time.Time) {
	if !destinationBroken(err) {
		delete(b.paths, path)
		b.streak, b.open, b.rests = 0, false, time.Time{}
		return
	}
	p := b.path(path)
	b.streak++
	p.failures++
	if p.trying || p.failures >= breakerTrips {
		p.rests = now.Add(breakerRest)
	}
	p.trying = false
	if !b.open && b.streak >= breakerTrips {
		b.open, b.rests = true, now.Add(breakerRest)
	}
}

// lift ends all rests: what comes next is a try.
func (b *breaker) lift() {
	b.rests = time.Time{}
	for _, p := range b.paths {
		p.rests = time.Time{}
	}
}

// state returns open while nothing can pass, half-open while something that
// failed is being tried again, and closed. until is when an open breaker lets
// the next try through.
func (b *breaker) state(now time.Time) (state string, until time.Time) {
	broken := b.open
	for _, p := range b.paths {
		broken = broken || p.failures >= breakerTrips
		if until.IsZero() || p.rests.Before(until) {
			until = p.rests
		}
	}
	if b.rests.After(until) {
		until = b.rests
	}
	switch {
	case b.open && until.After(now):
		return "open", until
	case broken:
		return "half-open", time.Time{}
	}
	return "closed", time.Time{}
}

func (b *breaker) path(name string) *pathState {
	p := b.paths[name]
	if p == nil {
		p = &pathState{}
		if b.paths == nil {
			b.paths = map[string]*pathState{}
		}
		b.paths[name] = p
	}
	return p
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
