package e2e

import (
	"bytes"
	"net"
	stdmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
)

// postOffice is a mail server that writes down every mail and answers each
// with the next of its codes, and then with 250.
type postOffice struct {
	listener net.Listener
	mu       sync.Mutex
	codes    []string
	mails    []stdmail.Header
}

func newPostOffice(t *testing.T, codes ...string) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	o := &postOffice{listener: l, codes: codes}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed at the end of the test
			}
			serving.Go(func() { o.talk(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return o
}

func (o *postOffice) talk(conn net.Conn) {
	text := textproto.NewConn(conn)
	defer text.Close()
	// A caller that goes away ends the loop with its next line.
	_ = text.PrintfLine("220 post.example ESMTP")
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(line); {
		case strings.HasPrefix(verb, "DATA"):
			_ = text.PrintfLine("354 go on")
			content, err := text.ReadDotBytes()
			if err != nil {
				return
			}
			_ = text.PrintfLine("%s", o.take(content))
		case strings.HasPrefix(verb, "QUIT"):
			_ = text.PrintfLine("221 bye")
			return
		default:
			_ = text.PrintfLine("250 post.example")
		}
	}
}

func (o *postOffice) take(content []byte) string {
	m, err := stdmail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return "554 unreadable"
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, m.Header)
	if len(o.codes) == 0 {
		return "250 taken"
	}
	answer := o.codes[0]
	o.codes = o.codes[1:]
	return answer
}

// received returns the headers of the mails so far.
func (o *postOffice) received() []stdmail.Header {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.mails)
}
