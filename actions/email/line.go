package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	mail "github.com/wneessen/go-mail"
)

// How long a server may take for one answer, by RFC 5321, 4.5.3.2, and for a
// part of a mail to be taken off our hands.
const (
	forCommand   = 5 * time.Minute
	forData      = 2 * time.Minute
	forBlock     = 3 * time.Minute
	forEndOfData = 10 * time.Minute
	forGoodbye   = 5 * time.Second // whatever the author says: the mail is taken by then
	toConnect    = 30 * time.Second
)

// A server may say so much in one answer, TLS included, and in all.
const (
	longestAnswer = 128 << 10
	longestTalk   = 1 << 20
)

var errEndless = errors.New("endless reply")

// line is the connection to a mail server. It keeps the time of each answer
// and the size of what is read, neither of which the library does: that has
// one deadline for the whole conversation, and reads until there is no memory.
type line struct {
	net.Conn
	stop func() bool
	// limit for one answer, set by the author; 0 leaves it to the RFC.
	limit time.Duration
	wait  time.Duration // longest time for the answer to come
	due   time.Time     // when it must have come in full
	heard int           // bytes of the present answer
	all   int           // bytes of all answers
	err   error         // after which the line is dead
	// ended says that the end of the mail may have reached the server, so that
	// it may have taken it.
	ended bool
}

// expect sets how long the answers from here on may take.
func (l *line) expect(wait time.Duration) {
	if l.limit > 0 && wait != forGoodbye {
		wait = l.limit
	}
	l.wait = wait
	l.due = time.Now().Add(l.wait)
}

// Write sends a command, or a part of the mail, and begins to wait for the
// answer.
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

// Read reads a part of an answer.
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
	l.heard, l.all, l.err = l.heard+n, l.all+n, err
	return n, err
}

// SetDeadline leaves the deadlines to the line.
func (l *line) SetDeadline(time.Time) error { return nil }

// SetReadDeadline leaves the deadlines to the line.
func (l *line) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline leaves the deadlines to the line.
func (l *line) SetWriteDeadline(time.Time) error { return nil }

// Close closes the connection and ends the watch.
func (l *line) Close() error {
	if l.stop != nil {
		l.stop()
	}
	if l.Conn == nil {
		return nil
	}
	return l.Conn.Close()
}

// dial opens the network connection. It is closed when ctx ends, because the
// library watches ctx only while it connects.
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
