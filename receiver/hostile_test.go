package receiver_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/receiver"
)

// stalled is a body that comes up to a point and then no further until ctx
// ends. It tells when it has come that far.
type stalled struct {
	left int
	told func()
	over <-chan struct{}
}

func (s *stalled) Read(b []byte) (int, error) {
	if s.left == 0 {
		s.told()
		<-s.over
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(b), s.left)
	copy(b, bytes.Repeat([]byte(" "), n))
	s.left -= n
	return n, nil
}

// TestOneHostileSource: a sender without the secret stalls as many bodies as it
// can. Events from elsewhere are taken all the same.
func TestOneHostileSource(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]receiver.Limits{
		"bytes":    {Body: 1 << 20, InFlight: 64 << 20},
		"requests": {Body: 1 << 20, InFlight: 1 << 40, Requests: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := receiver.Options{Signature: receiver.Signature{Secrets: secrets(secret)}, Limits: limits}
			r, err := receiver.New(o, taker(nil))
			if err != nil {
				t.Fatal(err)
			}
			const attacks = 150
			settled, ended, over := make(chan struct{}, 2*attacks), make(chan int, attacks), make(chan struct{})
			for i := range attacks {
				go func() {
					req := httptest.NewRequest(http.MethodPost, receiver.DefaultPath, &stalled{
						left: 1<<20 - 1, over: over, told: func() { settled <- struct{}{} },
					})
					req.RemoteAddr = fmt.Sprintf("[2001:db8::%x]:1", i+1) // one network
					req.Header.Set("Content-Type", "application/json")
					req.Header.Set("X-Cirrus-Signature", strings.Repeat("0", 64))
					code := serve(r, req).Code
					settled <- struct{}{}
					ended <- code
				}()
			}
			for range attacks { // each has stalled or was refused
				<-settled
			}
			for i := range 123 {
				body := made(t, fmt.Sprintf("good-%d", i))
				h, err := receiver.Sign(o.Signature, body, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				req := request(t, string(body))
				req.RemoteAddr = "198.51.100.7:4711"
				req.Header.Set("X-Cirrus-Signature", h.Get("X-Cirrus-Signature"))
				if w := serve(r, req); w.Code != 200 {
					t.Fatalf("good event %d of 123: %d %s", i, w.Code, w.Body)
				}
			}
			close(over)
			refused := 0
			for range attacks {
				if <-ended == 503 {
					refused++
				}
			}
			if refused == 0 || refused == attacks {
				t.Errorf("%d of %d stalled bodies were refused", refused, attacks)
			}
			// Nothing stays reserved.
			req := request(t, string(made(t, "after")))
			req.RemoteAddr = "[2001:db8::1]:1"
			if w := serve(r, req); w.Code != 401 {
				t.Errorf("the same source later: %d %s", w.Code, w.Body)
			}
		})
	}
}

// TestRefusedUnread: where no body could make the signature good, none is read.
func TestRefusedUnread(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signature receiver.Signature
		header    http.Header
	}{
		"missing":      {receiver.Signature{}, nil},
		"twice":        {receiver.Signature{}, http.Header{"X-Cirrus-Signature": {"a", "b"}}},
		"malformed":    {receiver.Signature{}, http.Header{"X-Cirrus-Signature": {"zz"}}},
		"other length": {receiver.Signature{}, http.Header{"X-Cirrus-Signature": {strings.Repeat("0", 40)}}},
		"stale":        {receiver.Signature{Scheme: "t-v1"}, http.Header{"X-Cirrus-Signature": {"t=1,v1=" + strings.Repeat("0", 64)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.signature.Secrets = secrets(secret)
			r, err := receiver.New(receiver.Options{Signature: c.signature}, taker(nil))
			if err != nil {
				t.Fatal(err)
			}
			read := false
			req := httptest.NewRequest(http.MethodPost, receiver.DefaultPath, &stalled{told: func() { read = true }, over: closed()})
			req.Header = c.header.Clone()
			if req.Header == nil {
				req.Header = http.Header{}
			}
			req.Header.Set("Content-Type", "application/json")
			w := serve(r, req)
			if w.Code != 401 || read {
				t.Errorf("got %d, body read: %t", w.Code, read)
			}
			if w.Header().Get("Connection") != "close" {
				t.Error("the connection stays open, with a body that nobody has read")
			}
		})
	}
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
