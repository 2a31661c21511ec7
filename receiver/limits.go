package receiver

import (
	"net/netip"
	"sync"
	"time"
)

// Limits bound what one request and all requests together may cost. Each
// comment ends with the default, which a zero field has.
type Limits struct {
	Body        int64         // bytes in one body; 1 MiB
	Requests    int           // requests handled at the same time; 1,024
	InFlight    int64         // bytes of all bodies held at the same time; 64 MiB
	ReadTimeout time.Duration // to read one body; 10 s
	MinRate     int64         // bytes a second of a body, after a third of ReadTimeout; 4 KiB
	TakeTimeout time.Duration // to store one event; 15 s
	ShedAfter   time.Duration // a wait to be stored after which further requests are refused at once; 3 s
}

// Defaults returns the limits with the default of each zero field.
func (l Limits) Defaults() Limits {
	if l.Body <= 0 {
		l.Body = 1 << 20
	}
	if l.Requests <= 0 {
		l.Requests = 1024
	}
	if l.InFlight <= 0 {
		l.InFlight = 64 << 20
	}
	if l.ReadTimeout <= 0 {
		l.ReadTimeout = 10 * time.Second
	}
	if l.MinRate <= 0 {
		l.MinRate = 4 << 10
	}
	if l.TakeTimeout <= 0 {
		l.TakeTimeout = 15 * time.Second
	}
	if l.ShedAfter <= 0 {
		l.ShedAfter = 3 * time.Second
	}
	return l
}

// readGrace: MinRate applies after 1/readGrace of ReadTimeout.
const readGrace = 3

// due is the read deadline of a body that began to arrive at began and of which
// received bytes are here.
func (l Limits) due(began time.Time, received int) time.Time {
	most := began.Add(l.ReadTimeout)
	at := began.Add(l.ReadTimeout/readGrace + time.Duration(received)*time.Second/time.Duration(l.MinRate))
	if at.Before(most) {
		return at
	}
	return most
}

// gate counts the requests and bytes in progress, in total and per source. It
// never blocks: a rejected sender costs less than one that waits. Once half of
// the total is in use, each source is limited to its share, so that one source
// cannot lock out the others.
type gate struct {
	most, share amount

	mu      sync.Mutex
	inside  amount
	sources map[netip.Prefix]*amount
}

// amount is a number of requests and of bytes in their bodies.
type amount struct{ requests, bytes int64 }

// shares is how many sources, at their share, fill the gate.
const shares = 4

func newGate(l Limits) *gate {
	most := amount{int64(l.Requests), l.InFlight}
	return &gate{
		most: most, sources: map[netip.Prefix]*amount{},
		// The share has room for one body at least.
		share: amount{max(1, most.requests/shares), min(most.bytes, max(most.bytes/shares, l.Body+firstRead))},
	}
}

// visitor is one request inside the gate.
type visitor struct {
	gate *gate
	from netip.Prefix
}

// enter lets a request in. Call leave when it has been answered.
func (g *gate) enter(remote string) (visitor, *rejection) {
	from, _, _ := sourceOf(remote)
	v := visitor{g, from}
	return v, v.take(amount{requests: 1})
}

func (v visitor) leave() { v.give(amount{requests: 1}) }

// reserve counts n bytes; release them with free.
func (v visitor) reserve(n int64) *rejection { return v.take(amount{bytes: n}) }

func (v visitor) free(n int64) { v.give(amount{bytes: n}) }

func (v visitor) take(n amount) *rejection {
	g := v.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	var mine amount
	if known := g.sources[v.from]; known != nil {
		mine = *known
	}
	all := amount{g.inside.requests + n.requests, g.inside.bytes + n.bytes}
	mine = amount{mine.requests + n.requests, mine.bytes + n.bytes}
	switch {
	case n.requests > 0 && all.requests > g.most.requests:
		return busy("too many requests at once")
	case n.bytes > 0 && all.bytes > g.most.bytes:
		return busy("too many bytes in flight")
	case n.requests > 0 && all.requests > g.most.requests/2 && mine.requests > g.share.requests:
		return busy("too many requests at once from one address")
	case n.bytes > 0 && all.bytes > g.most.bytes/2 && mine.bytes > g.share.bytes:
		return busy("too many bytes in flight from one address")
	}
	g.inside, g.sources[v.from] = all, &mine
	return nil
}

func (v visitor) give(n amount) {
	g := v.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside.requests -= n.requests
	g.inside.bytes -= n.bytes
	mine := g.sources[v.from]
	if mine == nil {
		return
	}
	mine.requests -= n.requests
	mine.bytes -= n.bytes
	if *mine == (amount{}) {
		delete(g.sources, v.from)
	}
}
