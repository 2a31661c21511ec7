package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	mail "github.com/wneessen/go-mail"
)

// Time limits for one reply or one block of a mail, by RFC 5321, 4.5.3.2.
const (
	forCommand   = 5 * time.Minute
	forData      = 2 * time.Minute
	forBlock     = 3 * time.Minute
	forEndOfData = 10 * time.Minute
	forGoodbye   = 5 * time.Second // whatever timeout says: the mail is accepted by then
	toConnect    = 30 * time.Second
)

// Size limits for one reply and for all, in bytes including TLS.
const (
	longestAnswer = 128 << 10
	longestTalk   = 1 << 20
)

var errEndless = errors.New("endless reply")

// line is the connection to a mail server. It limits the time and size of each
// reply. The library does not: it has one deadline for the whole session, and
// no limit on size.
type line struct {
	net.Conn
	stop func() bool
	// limit for one reply, from the connection; 0 means as in the RFC.
	limit time.Duration
	wait  time.Duration // longest time for the next reply
	due   time.Time     // deadline of the current reply
	heard int           // bytes of the current reply
	all   int           // bytes of all replies
	err   error         // the first error; the line is unusable after it
	// heardFirst is called when the server says something.
	heardFirst func()
	// ended is set once the end of the mail may have reached the server, so
	// that it may have accepted the mail.
	ended bool
}

// expect sets the time limit for the next replies.
func (l *line) expect(wait time.Duration) {
	if l.limit > 0 && wait != forGoodbye {
		wait = l.limit
	}
	l.wait = wait
	l.due = time.Now().Add(l.wait)
}

// Write sends a command or a part of the mail, and sets the deadline of the
// reply.
func (l *line) Write(p []byte) (n int, err error) {
	if l.err != nil {
		return 0, l.err
	}
	if err = l.Conn.SetWriteDeadline(time.Now().Add(l.wait)); err == nil {
		n, err = l.Conn.Write(p)
	}
	l.heard, l.due, l.err = 0, time.Now().Add(l.wait), err
	return n, err
}

// Read reads a part of a reply.
func (l *line) Read(p []byte) (n int, err error) {
	room := min(longestAnswer-l.heard, longestTalk-l.all)
	switch {
	case l.err != nil:
		return 0, l.err
	case room <= 0:
		l.err = errEndless
		return 0, l.err
	}
	if err = l.Conn.SetReadDeadline(l.due); err == nil {
		n, err = l.Conn.Read(p[:min(len(p), room)])
	}
	if n > 0 && l.all == 0 && l.heardFirst != nil {
		l.heardFirst()
	}
	l.heard, l.all, l.err = l.heard+n, l.all+n, err
	return n, err
}

// SetDeadline does nothing: the line sets its own deadlines.
func (l *line) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: the line sets its own deadlines.
func (l *line) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: the line sets its own deadlines.
func (l *line) SetWriteDeadline(time.Time) error { return nil }

// Close closes the connection.
func (l *line) Close() error {
	if l.stop != nil {
		l.stop()
	}
	if l.Conn == nil {
		return nil
	}
	return l.Conn.Close()
}

// dial returns a function that opens the connection and closes it when ctx
// ends, because the library watches ctx only while it connects.
func (cl *Client) dial(ctx context.Context, l *line) mail.DialContextFunc {
	return func(dialCtx context.Context, network, addr string) (net.Conn, error) {
		l.limit = cl.timeout
		timeout := toConnect
		if cl.timeout > 0 {
			timeout = cl.timeout
		}
		conn, err := (&net.Dialer{Timeout: timeout}).DialContext(dialCtx, network, addr)
		if err != nil {
			return nil, err
		}
		l.Conn = conn
		l.stop = context.AfterFunc(ctx, func() { conn.Close() })
		l.expect(forCommand)
		if cl.implicit == nil {
			return l, nil
		}
		secure := tls.Client(l, cl.implicit)
		if err := secure.HandshakeContext(dialCtx); err != nil {
			l.Close()
			return nil, err
		}
		l.expect(forCommand)
		return secure, nil
	}
}
