package console_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

const (
	rowsTail = "/live/events"
	jsonTail = "/api/v1/live/events"
	stalled  = 10 // readers in the test of memory
	// keptForAll is the most that they may hold on to: one list for all, and as
	// much for each of them, which it is writing.
	keptForAll = (stalled + 1) * 256
)

// slowBuffer is more than one segment on the loopback interface: below that, the
// system waits for minutes before it says that there is room again.
const slowBuffer = 128 << 10

// connect opens a tail on a connection of its own that takes few bytes at a
// time, and reads the head of the answer, nothing more.
func (r *rig) connect(path string) (*http.Response, net.Conn) {
	r.t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(r.t.Context(), "tcp", r.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(slowBuffer); err != nil {
		r.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, r.Listener.Addr()); err != nil {
		r.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 4096), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return res, conn
}

// burst reports n large events, and returns what remembers them.
func (r *rig) burst(n int) []weak.Pointer[event.Meeting] {
	told := make([]weak.Pointer[event.Meeting], 0, n)
	for i := range n {
		id := strconv.Itoa(i) + strings.Repeat("x", 4<<10)
		ev := &event.Event{
			Envelope: event.Envelope{ID: id, Type: event.TypeScheduled}, Received: fixedTime(),
			Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{},
		}
		r.feed.EventTaken(&event.Record{Event: ev, Deliveries: 1})
		told = append(told, weak.Make(ev.Meeting))
	}
	return told
}

func remembered(told []weak.Pointer[event.Meeting]) int {
	runtime.GC()
	n := 0
	for _, p := range told {
		if p.Value() != nil {
			n++
		}
	}
	return n
}

// TestTailsThatDoNotReadHoldNothing: readers that have stopped reading get no
// more than their share of memory, whatever comes.
func TestTailsThatDoNotReadHoldNothing(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for range stalled / 2 {
		r.connect(rowsTail)
		r.connect(jsonTail)
	}
	if n := remembered(r.burst(5000)); n == 0 || n > keptForAll {
		t.Errorf("of 5,000 events, %d are held for readers that do not read", n)
	}
}

// TestTailIsToldWhatItMissed: what a reader did not get while it read nothing
// is told as a number once it reads on.
func TestTailIsToldWhatItMissed(t *testing.T) {
	t.Parallel()
	for path, mark := range map[string]string{rowsTail: "<tr>", jsonTail: "event: event"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := setup(t, func(o *console.Options) { o.LivePatience = time.Minute })
			res, conn := r.connect(path)
			const sent = 3000
			r.burst(sent)
			if err := conn.(*net.TCPConn).SetReadBuffer(1 << 20); err != nil {
				t.Fatal(err)
			}
			deadline := time.AfterFunc(time.Minute, func() { _ = conn.Close() })
			defer deadline.Stop()
			shown, missed := 0, 0
			lines := bufio.NewScanner(res.Body)
			lines.Buffer(nil, 4<<20)
			for name := ""; shown+missed < sent && lines.Scan(); {
				field, value, _ := strings.Cut(lines.Text(), ": ")
				if field == "event" {
					name = value
				}
				shown += strings.Count(lines.Text(), mark)
				if field == "data" && name == "missed" {
					n, err := strconv.Atoi(value)
					if err != nil {
						t.Fatal(err)
					}
					missed += n
				}
			}
			if shown+missed != sent || shown == 0 || missed == 0 {
				t.Errorf("%d shown and %d told as missed, of %d: %v", shown, missed, sent, lines.Err())
			}
		})
	}
}

// TestTailsThatDoNotReadEnd: the place of a reader that reads nothing is given
// to another.
func TestTailsThatDoNotReadEnd(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *console.Options) { o.LivePatience = 2 * time.Second })
	open := 0
	for res, _ := r.connect(jsonTail); res.StatusCode == http.StatusOK; res, _ = r.connect(jsonTail) {
		if open++; open > 300 {
			t.Fatal("there is no end to live views")
		}
	}
	testkit.Eventually(t, "a reader that does not read loses its place", func() bool {
		r.burst(256)
		res, conn := r.connect(jsonTail)
		_ = conn.Close()
		return res.StatusCode == http.StatusOK
	})
}

// TestManyTails opens more than there are places for.
func TestManyTails(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	var open []net.Conn
	for i := range 300 {
		path := []string{rowsTail, jsonTail, "/live/changes"}[i%3]
		res, conn := r.connect(path)
		if res.StatusCode == http.StatusOK {
			open = append(open, conn)
			continue
		}
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" ||
			res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(text), "too many live views are open") {
			t.Fatalf("tail %d: %d %v %s %v", i, res.StatusCode, res.Header, text, err)
		}
		_ = conn.Close()
	}
	if len(open) != 64 {
		t.Errorf("%d are open at once", len(open))
	}
	for _, conn := range open {
		_ = conn.Close()
	}
	// All places are given back, not just one.
	testkit.Eventually(t, "as many can be opened again", func() bool {
		n := 0
		for range 64 {
			res, conn := r.connect(jsonTail)
			defer conn.Close()
			if res.StatusCode == http.StatusOK {
				n++
			}
		}
		return n == 64
	})
}

// TestTailHearsTheLastEvents: what came just before Gavel stops is told.
func TestTailHearsTheLastEvents(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	rows, _ := r.connect(rowsTail)
	lines, _ := r.connect(jsonTail)
	r.accept(event.TypeScheduled, "the-last")
	r.feed.Close()
	for _, res := range []*http.Response{rows, lines} {
		text, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(text), "the-last") {
			t.Errorf("%v: %s", err, text)
		}
	}
}

// TestNameCannotBeginAMessage: a lone carriage return ends a line of a stream of
// events, so a name with one in it must not come through as it is.
func TestNameCannotBeginAMessage(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	rows, _ := r.connect(rowsTail)
	body := `{"eventId":"e-1","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-02T09:00:00Z","data":{"id":"m-1",` +
		`"meetingInfo":{"meetingName":"a\r\revent: changed\rdata: forged\r\r","primaryInviteeName":"b\r\revent: changed\rdata: forged\r\r"}}}`
	r.acceptBody([]byte(body))
	r.feed.Close()
	text, err := io.ReadAll(rows.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "forged") || strings.Contains(string(text), "\r") {
		t.Errorf("the stream is %q", text)
	}
}
