package httpcall_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/event"
)

// FuzzReply has a peer that answers with whatever bytes, and looks for a panic,
// for a result that the store could not keep or give back, and for an error
// that is no failure in words.
func FuzzReply(f *testing.F) {
	for _, reply := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"id\":\"007\"}",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + strings.Repeat("[", 70) + strings.Repeat("]", 70),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n\xff\xfea\x00\xd8",
		"HTTP/1.1 200 OK\r\nContent-Type: application/x+json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip",
		"HTTP/1.1 429 Slow\r\nRetry-After: 99999999999999999999\r\nX: y\r\n\r\n{\"error\":[1e999,null]}",
		"HTTP/1.1 302 Found\r\nLocation: //[::1%25]:x/\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"HTTP/1.1 200\r\nbroken\r\n\r\n", "HTTP/9 20x\r\n\r\n", "SSH-2.0-x\r\n", "",
	} {
		f.Add([]byte(reply))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	replies := make(chan []byte, 1)
	go serveRaw(listener, replies)
	f.Cleanup(func() { listener.Close() })
	rig := actionstest.Load(f, kinds(f), `
connections: { crm: { kind: http, base_url: "http://`+listener.Addr().String()+`" } }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /x, max_response: 1KiB } } ] } ]
`, nil)
	call := rig.Effect()
	f.Fuzz(func(t *testing.T, reply []byte) {
		replies <- reply
		result, err := call.Do(t.Context(), actionstest.Delivery())
		select {
		case <-replies: // the action gave up before it asked
		default:
		}
		if err != nil {
			var failure *event.Failure
			if !errors.As(err, &failure) {
				t.Fatalf("%q: %v (%T) is no failure", reply, err, err)
			}
			for _, word := range []string{"net/http", "json:", "strconv", "unmarshal", "goroutine"} {
				if strings.Contains(failure.Text, word) && !strings.Contains(string(reply), word) {
					t.Errorf("%q: %q says %q", reply, failure.Text, word)
				}
			}
			if failure.Text == "" || len(failure.Text) > 2000 || failure.RetryAfter < 0 {
				t.Errorf("%q: failure %+v", reply, failure)
			}
			return
		}
		raw, err := json.Marshal(result)
		if err != nil {
			t.Fatalf("%q: the result cannot be stored: %v", reply, err)
		}
		var stored httpcall.Result
		if err := json.Unmarshal(raw, &stored); err != nil {
			t.Fatalf("%q: the result cannot be read back: %v", reply, err)
		}
		again, err := json.Marshal(&stored)
		if err != nil || string(again) != string(raw) {
			t.Errorf("%q: stored %s, read back %s (%v)", reply, raw, again, err)
		}
	})
}

// serveRaw answers each connection's first request with the next reply, and
// closes it.
func serveRaw(listener net.Listener, replies <-chan []byte) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			select {
			case reply := <-replies:
				_, _ = conn.Write(reply)
			default: // a redirect to the same place: there is nothing more to say
			}
		}
		conn.Close()
	}
}
