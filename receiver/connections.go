package receiver

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Connections limit how many connections are open at once, so that one source
// with idle connections cannot lock out the others. Each comment ends with the
// default, which a zero field has.
type Connections struct {
	Total     int // in total; 8,192
	PerSource int // from one IPv4 address or IPv6 /64 network; 512
	// Trusted reports addresses that PerSource does not apply to, such as a
	// proxy in front of many senders. It may be nil.
	Trusted func(netip.Addr) bool
	// Log is told when no file descriptor is left for a connection; nil tells
	// nobody.
	Log *slog.Logger
	// Proxied is called for each connection that was refused because it begins
	// with a header of the PROXY protocol. It may be nil, and must not block.
	Proxied func(from net.Addr)
}

// tooMany is the complete response to a connection above the limit; the
// request is not read.
const tooMany = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + retryAfter +
	"\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n" + `{"error":"too many connections"}`

// Limit returns a listener that closes connections above the limits. If plain
// is set it answers 429 first, which is not possible on a TLS port.
func (c Connections) Limit(l net.Listener, plain bool) net.Listener {
	if c.Total <= 0 {
		c.Total = 8192
	}
	if c.PerSource <= 0 {
		c.PerSource = 512
	}
	return &limitedListener{Listener: l, limits: c, plain: plain, open: map[netip.Prefix]int{}}
}

type limitedListener struct {
	net.Listener
	limits Connections
	plain  bool

	mu    sync.Mutex
	total int
	open  map[netip.Prefix]int
	told  time.Time // of the last shortage
}

// tellEvery is how often a shortage is told while it lasts.
const tellEvery = 10 * time.Second

// tellShortage logs that no connection can be accepted. net/http tries again by
// itself.
func (l *limitedListener) tellShortage(err error) {
	if l.limits.Log == nil || !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.told) > tellEvery {
		l.told = now
		l.limits.Log.Warn("no connection can be accepted: too many open files; raise the limit (ulimit -n, or LimitNOFILE in the unit), or lower --max-connections",
			"address", l.Addr().String(), "open", l.total)
	}
}

// Accept waits for the next connection within the limits.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			l.tellShortage(err)
			return nil, err
		}
		from, exempt := l.source(conn)
		if l.enter(from, exempt) {
			return &limitedConn{Conn: conn, plain: l.plain, proxied: l.limits.Proxied, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		if l.plain {
			// A short text fits the empty send buffer, so this cannot block for long.
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = conn.Write([]byte(tooMany))
		}
		_ = conn.Close()
	}
}

func (l *limitedListener) source(conn net.Conn) (from netip.Prefix, exempt bool) {
	from, a, ok := sourceOf(conn.RemoteAddr().String())
	return from, ok && l.limits.Trusted != nil && l.limits.Trusted(a)
}

// sourceOf returns the network that counts as one source: an IPv4 address or
// an IPv6 /64.
func sourceOf(remote string) (from netip.Prefix, a netip.Addr, ok bool) {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return from, a, false
	}
	a = ap.Addr().Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	from, _ = a.Prefix(bits) // the bits fit the address
	return from, a, true
}

func (l *limitedListener) enter(from netip.Prefix, exempt bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= l.limits.Total || !exempt && l.open[from] >= l.limits.PerSource {
		return false
	}
	l.total++
	l.open[from]++
	return true
}

func (l *limitedListener) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.open[from]--; l.open[from] <= 0 {
		delete(l.open, from)
	}
}

// tooSlow is the response to an incomplete header. net/http sends none.
const tooSlow = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n" +
	`{"error":"the header did not arrive in time"}`

type limitedConn struct {
	net.Conn
	plain   bool
	leave   func()
	proxied func(net.Addr)
	first   atomic.Bool // the first bytes have arrived
	refused atomic.Bool // the answer was given, and no other may follow
	// begun is set once bytes arrive after the last answer, late when the read
	// deadline passes after that.
	begun, late atomic.Bool
}

// Read notes whether a request was begun and whether it came too late.
func (c *limitedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		if !c.first.Swap(true) && speaksProxy(b[:n]) {
			return 0, c.refuseProxy()
		}
		c.begun.Store(true)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && c.begun.Load() {
		c.late.Store(true)
	}
	return n, err
}

// Write writes an answer, which ends the request.
func (c *limitedConn) Write(b []byte) (int, error) {
	if c.refused.Load() {
		return len(b), nil
	}
	c.begun.Store(false)
	c.late.Store(false)
	return c.Conn.Write(b)
}

// Close closes the connection and frees its place. A sender whose header was
// too slow is answered with 408 first.
func (c *limitedConn) Close() error {
	c.leave()
	if c.plain && c.late.Swap(false) {
		_ = c.Conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.Conn.Write([]byte(tooSlow)) // the peer may have gone
	}
	return c.Conn.Close()
}
