package security

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestSlowAndLargeRequests holds connections with half a header and half a
// body, sends nothing at all, and headers that are too large. All get the answer
// that fits, silence none, while other events come through.
func TestSlowAndLargeRequests(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	address := strings.TrimPrefix(p.URL, "http://")
	send := func(raw string) <-chan int {
		t.Helper()
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, raw); err != nil {
			t.Fatal(err)
		}
		code := make(chan int, 1)
		go func() {
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				code <- 0
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			code <- res.StatusCode
		}()
		return code
	}
	const start = "POST " + testkit.ReceiverPath + " HTTP/1.1\r\nHost: gavel.example\r\nContent-Type: application/json\r\n"
	// Whoever has no signature at all is refused before a body is awaited.
	signed := testkit.SignatureHeader + ": " + strings.Repeat("0", 64) + "\r\n"
	large := send(start + "X-Large: " + strings.Repeat("a", 64<<10))
	idle := send("")
	var slow []<-chan int
	for range 50 {
		slow = append(slow, send(start+"X-Slow: a"), send(start+signed+"Content-Length: 1000\r\n\r\n{"))
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "meanwhile"))
	if code := <-large; code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 64 KiB is answered %d", code)
	}
	for i, answer := range slow {
		if code := <-answer; code != http.StatusRequestTimeout {
			t.Errorf("slow sender %d is answered %d, want 408", i, code)
		}
	}
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "afterwards"))
	if code := <-idle; code != 0 {
		t.Errorf("who has sent nothing is answered %d", code)
	}
}

// TestConsoleConnections: the console address has a limit as well.
func TestConsoleConnections(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Args: []string{"--console-token", "some-console-token"}})
	address := strings.TrimPrefix(p.Console, "http://")
	flood := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}}
	const over = 20
	answers := make(chan string, 256+over)
	for range cap(answers) {
		conn, err := flood.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go func() {
			first := make([]byte, len("HTTP/1.1 429"))
			n, _ := io.ReadFull(conn, first) // the others are closed without a word
			answers <- string(first[:n])
		}()
	}
	told := 0
	for range cap(answers) {
		if <-answers == "HTTP/1.1 429" {
			told++
		}
	}
	if told == 0 {
		t.Error("no connection was answered 429")
	}
	if code := get(t, p.Client, p.Console+"/-/healthy"); code == "" {
		t.Error("others are not answered")
	}
	if !p.Ready() {
		t.Error("it is not ready any more")
	}
}
