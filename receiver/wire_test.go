package receiver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

// bench is a receiver on a real listener and a sink.
type bench struct {
	addr string
	sink *sink
	sent int
}

const bodyLimit = 4000

func setup(t *testing.T, readTimeout time.Duration) *bench {
	t.Helper()
	b := &bench{sink: taker(nil)}
	r, err := receiver.New(receiver.Options{
		Signature: receiver.Signature{Secrets: secrets(secret)},
		Limits:    receiver.Limits{Body: bodyLimit, ReadTimeout: readTimeout},
	}, b.sink)
	if err != nil {
		t.Fatal(err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	server := receiver.NewServer("", r, nil)
	done := make(chan error)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-done
	})
	return b
}

// send writes a request as raw bytes and returns the answer.
func (b *bench) send(t *testing.T, raw string) (code int, message string) {
	t.Helper()
	conn := b.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	return readAnswer(t, conn)
}

func (b *bench) dial(t *testing.T) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func readAnswer(t *testing.T, conn net.Conn) (int, string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct{ Error, Status string }
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatalf("the answer is not JSON: %v", err)
	}
	return resp.StatusCode, got.Error + got.Status
}

// next sends a good event and expects it to arrive: nothing that came before
// may have harmed the receiver.
func (b *bench) next(t *testing.T) {
	t.Helper()
	b.sent++
	id := fmt.Sprintf("good-%d", b.sent)
	code, message := b.send(t, signed(t, string(made(t, id)), ""))
	if code != 200 || message != "accepted" {
		t.Fatalf("the next good event got %d %s", code, message)
	}
	if !strings.HasSuffix(b.sink.ids(), id) {
		t.Fatalf("the next good event did not arrive: %s", b.sink.ids())
	}
}

// signed is a request with a good signature over body; more adds headers.
func signed(t *testing.T, body, more string) string {
	t.Helper()
	return head(t, body, more+fmt.Sprintf("Content-Length: %d\r\n", len(body))) + body
}

func head(t *testing.T, body, more string) string {
	t.Helper()
	h, err := receiver.Sign(receiver.Signature{Secrets: secrets(secret)}, []byte(body), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return "POST /webhooks/cirrus-insight HTTP/1.1\r\nHost: h.example\r\nContent-Type: application/json\r\n" +
		"X-Cirrus-Signature: " + h.Get("X-Cirrus-Signature") + "\r\n" + more + "\r\n"
}

// padded is an event of exactly n bytes.
func padded(t *testing.T, id string, n int) string {
	t.Helper()
	body := string(made(t, id))
	return body + strings.Repeat(" ", n-len(body))
}

func chunks(body string, size int) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

func TestOverTheWire(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Second)
	chunked := "Transfer-Encoding: chunked\r\n"
	full, over := padded(t, "full", bodyLimit), padded(t, "over", bodyLimit+1)
	good := string(made(t, "x"))
	for _, c := range []struct {
		name, raw string
		code      int
		message   string
	}{
		{"exactly the limit", signed(t, full, ""), 200, "accepted"},
		{"the same again", signed(t, full, ""), 200, "duplicate"},
		{"one byte over", signed(t, over, ""), 413, "larger than 4000 bytes"},
		{"announced far over", head(t, "", "Content-Length: 99999999999\r\n"), 413, "larger than 4000 bytes"},
		{"chunked", head(t, good, chunked) + chunks(good, 100), 200, "accepted"},
		{"chunked, the limit", head(t, full, chunked) + chunks(full, 999), 200, "duplicate"},
		{"chunked, one over", head(t, over, chunked) + chunks(over, 999), 413, "larger than 4000 bytes"},
		{"chunked, broken", head(t, good, chunked) + "zz\r\n", 400, "transfer encoding is broken"},
		{"empty", signed(t, "", ""), 400, "the body is empty"},
		{"no length at all", head(t, "", ""), 400, "the body is empty"},
		{"null", signed(t, "null", ""), 400, "must be a JSON object, not null"},
		{"list", signed(t, "[]", ""), 400, "not a list"},
		{"number", signed(t, "1e999", ""), 400, "not a number"},
		{"string", signed(t, `"x"`, ""), 400, "not text"},
		{"truncated JSON", signed(t, good[:700], ""), 400, "not valid JSON"},
		{"NUL", signed(t, "{\"eventId\":\"\x00\"}", ""), 400, "not valid JSON"},
		{"BOM", signed(t, "\ufeff"+good, ""), 200, "duplicate"},
		{"bad UTF-8", signed(t, strings.Replace(good, "Intro", "\xff", 1), ""), 200, "duplicate"},
		{"an event of Gavel's own", signed(t, `{"eventId":"e","eventType":"gavel.run.failed"}`, ""), 400, "events of type gavel.* are made by Gavel itself and cannot be sent"},
		{"no eventId", signed(t, `{"eventType":"x"}`, ""), 400, "eventId is missing"},
		{"wrong type", signed(t, strings.Replace(good, `"deliveryAttempt":1`, `"deliveryAttempt":1e30`, 1), ""), 200, "duplicate"},
		{"list of invitees", signed(t, strings.Replace(good, `"optionalInvitees":"`, `"optionalInvitees":["a@acme.example"],"x":"`, 1), ""), 200, "duplicate"},
		{"same key twice", signed(t, strings.Replace(good, `{`, `{"eventId":"first",`, 1), ""), 200, "duplicate"},
		{"wrong signature", strings.Replace(signed(t, good, ""), `"x"`, `"y"`, 1), 401, "invalid signature"},
		{"compressed", signed(t, good, "Content-Encoding: gzip\r\n"), 415, "uncompressed"},
		{"no content type", strings.Replace(signed(t, good, ""), "Content-Type: application/json\r\n", "", 1), 415, "application/json"},
		{"other path", strings.Replace(signed(t, good, ""), "cirrus-insight", "other", 1), 404, "not found"},
		{"path below", strings.Replace(signed(t, good, ""), "cirrus-insight", "cirrus-insight/x", 1), 404, "not found"},
		{"GET", "GET /webhooks/cirrus-insight HTTP/1.1\r\nHost: h.example\r\n\r\n", 405, "use POST"},
		{"PUT", strings.Replace(signed(t, good, ""), "POST", "PUT", 1), 405, "use POST"},
	} {
		code, message := b.send(t, c.raw)
		if code != c.code || !strings.Contains(message, c.message) {
			t.Errorf("%s: got %d %q, want %d saying %q", c.name, code, message, c.code, c.message)
		}
		b.next(t)
	}
}

// TestTwoLengths: what follows a request that says its length in two ways is not
// read.
func TestTwoLengths(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Second)
	conn := b.dial(t)
	defer conn.Close()
	body := string(made(t, "twofold"))
	smuggled := signed(t, string(made(t, "smuggled")), "")
	if _, err := io.WriteString(conn, head(t, body, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")+chunks(body, 100)+smuggled); err != nil {
		t.Fatal(err)
	}
	answers, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	if n := strings.Count(string(answers), "HTTP/1.1 "); n != 1 || !strings.Contains(string(answers), "Connection: close") {
		t.Errorf("%d answers:\n%s", n, answers)
	}
	if strings.Contains(b.sink.ids(), "smuggled") {
		t.Error("the second request was taken")
	}
	b.next(t)
}

func TestDeepBody(t *testing.T) {
	t.Parallel()
	s := taker(nil)
	deep := `{"eventId":"e","eventType":"x","eventTimestamp":"2026-03-09T12:00:00Z","data":` +
		strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"
	w := answer(t, unsignedOptions(), s, nil, deep)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "accepted") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	b := setup(t, 50*time.Millisecond)
	body := string(made(t, "slow"))
	raw := signed(t, body, "")
	code, message := b.send(t, raw[:len(raw)-10]) // and then nothing
	if code != 408 || !strings.Contains(message, "in time") {
		t.Errorf("got %d %q, want 408", code, message)
	}
	b.next(t)
	if strings.Contains(b.sink.ids(), "slow") {
		t.Error("half an event was taken")
	}
}

func TestSenderHangsUp(t *testing.T) {
	t.Parallel()
	b := setup(t, 10*time.Second)
	raw := signed(t, string(made(t, "half")), "")
	for _, cut := range []int{10, 100, len(raw) - 1} {
		conn := b.dial(t)
		if _, err := io.WriteString(conn, raw[:cut]); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		b.next(t)
	}
	// A sender that closes only its half still gets an answer, and not 200.
	conn := b.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, raw[:len(raw)-1]); err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); !ok || tcp.CloseWrite() != nil {
		t.Fatal("cannot close half of the connection")
	}
	if code, message := readAnswer(t, conn); code != 400 || !strings.Contains(message, "ended early") {
		t.Errorf("got %d %q, want 400", code, message)
	}
	b.next(t)
	if strings.Contains(b.sink.ids(), "half") {
		t.Error("half an event was taken")
	}
}

// TestReadDeadlineEndsWithTheBody: a store that takes longer than a body may
// is no reason to lose the connection.
func TestReadDeadlineEndsWithTheBody(t *testing.T) {
	t.Parallel()
	b := setup(t, 50*time.Millisecond)
	passed := make(chan struct{})
	time.AfterFunc(200*time.Millisecond, func() { close(passed) })
	b.sink.answer = func(ctx context.Context, _ *event.Event) (receiver.Outcome, error) {
		<-passed
		return receiver.Accepted, ctx.Err()
	}
	conn := b.dial(t)
	defer conn.Close()
	for range 2 { // the connection stays usable
		if _, err := io.WriteString(conn, signed(t, string(made(t, "e")), "")); err != nil {
			t.Fatal(err)
		}
		if code, message := readAnswer(t, conn); code != 200 {
			t.Fatalf("got %d %q", code, message)
		}
	}
}

func TestAllowHeader(t *testing.T) {
	t.Parallel()
	r, err := receiver.New(unsignedOptions(), taker(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodDelete} {
		w := serve(r, httptest.NewRequest(method, receiver.DefaultPath, nil))
		if w.Code != 405 || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: got %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func request(t testing.TB, body string) *http.Request {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, receiver.DefaultPath, bytes.NewReader([]byte(body)))
	req.Header.Set("Content-Type", "application/json")
	return req
}

func serve(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}
