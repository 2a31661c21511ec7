package gate

import (
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// breakerTrips is how many failures of a destination in a row open the
	// breaker, breakerRest how long it stays open.
	breakerTrips = 10
	breakerRest  = 30 * time.Second
	// probeWait is the pause between checks whether a probe has ended.
	probeWait = 2 * time.Second
)

// breaker stops calls to a destination that keeps failing. It counts failures
// per path, which is an action of a rule, because one action can fail while
// others work.
//
//	closed ── breakerTrips failures in a row ──► all calls pause, once
//	   ▲                                              │ breakerRest
//	   └── any success ◄── each path gets one call at a time, and
//	                       pauses alone when it fails
//
// So a path that works continues after one pause, however many others fail. A
// path that alone has failed breakerTrips times pauses alone.
type breaker struct {
	streak int  // failures in a row, over all paths
	open   bool // streak reached breakerTrips, and no call has succeeded since
	since  time.Time
	cause  event.Cause // of the failure that opened it
	rests  time.Time
	paths  map[string]*pathState // paths that failed since their last success or are being tried
}

type pathState struct {
	failures int // in a row
	rests    time.Time
	trying   bool // one call is under way, and others wait for its result
}

// blocked returns how long a call on this path must wait at least.
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

// begin records the start of a call that blocked allows.
func (b *breaker) begin(path string) {
	p := b.paths[path]
	if b.open || p != nil && p.failures >= breakerTrips {
		b.path(path).trying = true
	}
}

// unused records that a call that had begun was not made.
func (b *breaker) unused(path string) {
	if p := b.paths[path]; p != nil {
		p.trying = false
		if p.failures == 0 {
			delete(b.paths, path)
		}
	}
}

// end records the result of a call.
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
		b.open, b.since, b.rests = true, now, now.Add(breakerRest)
		if f, ok := errors.AsType[*event.Failure](err); ok {
			b.cause = f.Cause
		}
	}
}

// lift ends all pauses: the next call is a probe.
func (b *breaker) lift() {
	b.rests = time.Time{}
	for _, p := range b.paths {
		p.rests = time.Time{}
	}
}

// state returns open while no call is allowed, half-open while a failed path is
// being tried again, else closed. until is when an open breaker allows the next
// call.
func (b *breaker) state(now time.Time) (state string, until time.Time) {
	broken, first := b.open, true
	for _, p := range b.paths {
		broken = broken || p.failures >= breakerTrips
		if first || p.rests.Before(until) { // one that does not rest has the zero time
			until, first = p.rests, false
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

// destinationBroken reports whether a failure is one of the destination rather
// than of one request.
func destinationBroken(err error) bool {
	var f *event.Failure
	if !errors.As(err, &f) {
		return false
	}
	return f.Cause == event.CauseServer || f.Cause == event.CauseTimeout || f.Cause == event.CauseNetwork
}
