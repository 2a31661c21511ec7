package access

import (
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// guessesAtOnce wrong tokens are looked at, and then one a second.
	guessesAtOnce = 10
	// guessers is over how many limits the sources are spread. Sources that
	// share one cannot know it: the seed is chosen at the start.
	guessers = 1024
)

// guesses bounds how fast tokens can be tried. Each source has a limit of its
// own, so that nobody can keep others out by guessing.
type guesses struct {
	now    func() time.Time
	seed   maphash.Seed
	mu     sync.Mutex
	limits [guessers]*rate.Limiter
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, seed: maphash.MakeSeed()}
}

func (g *guesses) of(r *http.Request) *rate.Limiter {
	i := maphash.Comparable(g.seed, sourceOf(r)) % guessers
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limits[i] == nil {
		g.limits[i] = rate.NewLimiter(rate.Every(time.Second), guessesAtOnce)
	}
	return g.limits[i]
}

// open reports whether a token from this source is looked at.
func (g *guesses) open(r *http.Request) bool { return g.of(r).TokensAt(g.now()) >= 1 }

// wrong counts a token that was not right.
func (g *guesses) wrong(r *http.Request) { g.of(r).AllowN(g.now(), 1) }

// sourceOf is the address that a request comes from; of IPv6 the network, in
// which one machine has as many addresses as it likes.
func sourceOf(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // the bits fit the address
	return p
}
