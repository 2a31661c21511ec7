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
	// guessesAtOnce is how many wrong tokens are accepted at once; then one a
	// second.
	guessesAtOnce = 10
	// guessers is the number of limits that sources share. Nobody can find out
	// who shares one: the seed is chosen at the start.
	guessers = 1024
)

// guesses limits how fast tokens can be tried. Each source has its own limit,
// so that a guesser cannot lock others out.
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

// open reports whether a token from this source is checked.
func (g *guesses) open(r *http.Request) bool { return g.of(r).TokensAt(g.now()) >= 1 }

// wrong counts a wrong token.
func (g *guesses) wrong(r *http.Request) { g.of(r).AllowN(g.now(), 1) }

// sourceOf returns the address that a request comes from; for IPv6 its
// network, because one machine can use any address in it.
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
