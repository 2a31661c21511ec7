package receiver_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

// BenchmarkReceive measures what one event costs before it is stored: route,
// verify, decode, answer; no network.
func BenchmarkReceive(b *testing.B) {
	body := made(b, "evt-1")
	s := receiver.Signature{Secrets: secrets(secret)}
	h, err := receiver.Sign(s, body, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	r, err := receiver.New(receiver.Options{Signature: s}, taker(func(context.Context, *event.Event) (receiver.Outcome, error) {
		return receiver.Accepted, nil
	}))
	if err != nil {
		b.Fatal(err)
	}
	h.Set("Content-Type", "application/json")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		req := request(b, "")
		req.Header, req.ContentLength = h, int64(len(body))
		reader := bytes.NewReader(body)
		w := &discard{header: http.Header{}}
		for pb.Next() {
			reader.Reset(body)
			req.Body = io.NopCloser(reader)
			r.ServeHTTP(w, req)
			if w.code != http.StatusOK {
				b.Errorf("status %d", w.code)
				return
			}
		}
	})
}

// discard is a ResponseWriter that keeps nothing but the status.
type discard struct {
	header http.Header
	code   int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(code int)        { d.code = code }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
