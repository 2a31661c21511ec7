package email_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/event"
)

// talker is a mail server that answers each command, the greeting (""), and
// the end of a mail (".") as the test says; "" closes the connection.
type talker struct {
	answer func(conn net.Conn, command string) string
	mails  atomic.Int32 // ends of mails that came
	open   sync.WaitGroup
}

func talk(t *testing.T, answer func(conn net.Conn, command string) string) (*talker, int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &talker{answer: answer}
	s.open.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.open.Go(func() { defer conn.Close(); s.serve(conn) })
		}
	})
	t.Cleanup(func() { ln.Close(); s.open.Wait() })
	return s, ln.Addr().(*net.TCPAddr).Port
}

func (s *talker) serve(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	for command, data := "", false; ; {
		if !data {
			reply := s.answer(conn, command)
			if reply == "" {
				return
			}
			fmt.Fprintf(conn, "%s\r\n", reply)
			data = command == "DATA" && strings.HasPrefix(reply, "354")
		}
		if !lines.Scan() {
			return
		}
		command = strings.ToUpper(strings.Fields(lines.Text() + " x")[0])
		if data && lines.Text() == "." {
			s.mails.Add(1)
			command, data = ".", false
		}
	}
}

// polite is how a server answers that has nothing against anybody.
func polite(command string) string {
	switch command {
	case "":
		return "220 standin.example"
	case "DATA":
		return "354 go on"
	case "QUIT":
		return "221 bye"
	}
	return "250 ok"
}

// TestTimeoutIsForOneAnswer talks to a server of which no answer is late, but
// all of them together are.
func TestTimeoutIsForOneAnswer(t *testing.T) {
	t.Parallel()
	peer, port := talk(t, func(_ net.Conn, command string) string {
		time.Sleep(300 * time.Millisecond)
		return polite(command)
	})
	if _, err := connect(t, port, "tls: none, timeout: 1500ms", `{ to: [a@x.example, b@x.example, c@x.example], subject: Hello, text: Bye }`).Do(t.Context()); err != nil {
		t.Error(err)
	}
	if n := peer.mails.Load(); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// TestWhatIsKnownOfAMail loses the server at each point of the conversation,
// by silence and by a cut connection.
func TestWhatIsKnownOfAMail(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]event.Arrival{
		"":     event.ArrivalNotSent,
		"EHLO": event.ArrivalNotSent,
		"MAIL": event.ArrivalNotSent,
		"RCPT": event.ArrivalNotSent,
		"DATA": event.ArrivalNotSent,
		".":    event.ArrivalUnknown,
	} {
		check := func(cause event.Cause, timeout string, lose func(net.Conn)) {
			t.Run(string(cause)+at, func(t *testing.T) {
				t.Parallel()
				_, port := talk(t, func(conn net.Conn, command string) string {
					if command != at && (at != "EHLO" || command != "HELO") {
						return polite(command)
					}
					lose(conn)
					return ""
				})
				_, err := connect(t, port, "tls: none, timeout: "+timeout, thanks).Do(t.Context())
				if f := actionstest.Failure(t, err); f.Cause != cause || !f.Retry || f.Arrival != want {
					t.Errorf("%s at %q: cause %s, retry %v, arrival %s (%s), want %s", cause, at, f.Cause, f.Retry, f.Arrival, f.Text, want)
				}
			})
		}
		check(event.CauseNetwork, "1m", func(net.Conn) {})
		check(event.CauseTimeout, "1s", func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) })
	}
}

// TestServerThatDoesNotStopTalking counts what such a server gets rid of.
// Buffers of the network take some of it.
func TestServerThatDoesNotStopTalking(t *testing.T) {
	t.Parallel()
	const most = 16 << 20
	for _, at := range []string{"", "EHLO", "RCPT", "."} {
		for _, line := range []string{"250-and so on\r\n", "250-and so on", "\r\n", "250 ok\r\n"} {
			var said atomic.Int64
			_, port := talk(t, func(conn net.Conn, command string) string {
				if command != at {
					return polite(command)
				}
				block := []byte(strings.Repeat(line, 4096))
				for said.Load() <= 4*most {
					n, err := conn.Write(block)
					said.Add(int64(n))
					if err != nil {
						return ""
					}
				}
				return ""
			})
			_, err := connect(t, port, "tls: none, timeout: 1m", thanks).Do(t.Context())
			if n := said.Load(); n > most {
				t.Errorf("%q at %q: %d bytes were taken", line, at, n)
			}
			if err != nil {
				if f := actionstest.Failure(t, err); len(f.Text) > 500 || f.Arrival == event.ArrivalUnknown && at != "." {
					t.Errorf("%q at %q: %+v", line, at, f)
				}
			}
			if want := "sent an endless reply"; line == "250-and so on" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%q at %q: %v, want one that %s", line, at, err, want)
			}
		}
	}
}
