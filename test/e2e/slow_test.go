package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// dial opens a connection to the receiver for bytes that no HTTP client sends.
func dial(t *testing.T, p *testkit.Process) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	// Far above the limits of the receiver, so that a hanging one fails the test.
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func raw(body []byte, signature string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: gavel.example\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s",
		testkit.ReceiverPath, testkit.SignatureHeader, signature, len(body), body)
}

// TestSlowSenders opens connections that stop in the middle. Each is ended by
// the receiver, and good events pass them by all the while.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := canceled(t, "slow")
	request := raw(body, testkit.Sign(testkit.Secret, body))
	headEnd := strings.Index(request, "\r\n\r\n")
	type ending struct{ name, got, want string }
	endings := make(chan ending, 200)
	stall := func(name, begin, want string) {
		conn := dial(t, p)
		if _, err := io.WriteString(conn, begin); err != nil {
			t.Fatal(err)
		}
		go func() { endings <- ending{name, answerOf(conn), want} }()
	}
	stalled := 0
	for cut, want := range map[int]string{
		20: "no 200", headEnd - 3: "no 200", headEnd + 4: "408", headEnd + 40: "408", len(request) - 1: "408",
	} {
		stall(fmt.Sprintf("cut after %d bytes", cut), request[:cut], want)
		stalled++
	}
	for range 100 {
		stall("one of many", request[:len(request)-1], "408")
		stalled++
	}
	want := map[string]bool{}
	for sent := 0; stalled > 0; sent++ {
		id := fmt.Sprintf("good-%d", sent)
		p.MustPost(canceled(t, id))
		want[id] = true
		select {
		case e := <-endings:
			if e.got != e.want && (e.want != "no 200" || e.got == "200") {
				t.Errorf("%s: %s, want %s", e.name, e.got, e.want)
			}
			stalled--
		case <-time.After(50 * time.Millisecond):
		}
	}
	if diff := cmp.Diff(want, listEvents(t, p)); diff != "" {
		t.Errorf("stored events (-want +got):\n%s", diff)
	}
}

// answerOf returns the status that comes over a connection, or "closed".
func answerOf(conn net.Conn) string {
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "closed"
	}
	defer res.Body.Close()
	return fmt.Sprint(res.StatusCode)
}

// TestBrokenRequests sends what is no HTTP, or HTTP that could be read in two
// ways, and then a good event.
func TestBrokenRequests(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := canceled(t, "broken")
	request := raw(body, testkit.Sign(testkit.Secret, body))
	for i, broken := range []string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"hello\r\n\r\n",
		strings.Replace(request, "HTTP/1.1", "HTTP/9.9", 1),
		strings.Replace(request, "Content-Length: ", "Content-Length: -", 1),
		strings.Replace(request, "Content-Length: ", "Content-Length: 1\r\nContent-Length: ", 1),
		strings.Replace(request, "Content-Length: ", "Transfer-Encoding: rot13\r\nContent-Length: ", 1),
		strings.Replace(request, "\r\nContent-Type", "\r\nX-Large: "+strings.Repeat("x", 64<<10)+"\r\nContent-Type", 1),
		strings.Replace(request, "Content-Length: ", "Transfer-Encoding: chunked\r\nX-Length: ", 1),
	} {
		conn := dial(t, p)
		// The receiver may hang up while this is still being sent.
		_, _ = io.WriteString(conn, broken)
		if got := answerOf(conn); got == "200" {
			t.Errorf("broken request %d was answered 200", i)
		}
		p.MustPost(canceled(t, fmt.Sprintf("good-%d", i)))
	}
	if stored := listEvents(t, p); stored["broken"] || len(stored) != 8 {
		t.Errorf("%d events are stored, want 8", len(stored))
	}
}
