package receiver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

// FuzzReceive sends signed requests with whatever body and headers. It looks
// for a panic, for an answer that is not documented, for a 200 whose event did
// not reach the sink as it was sent, and for an event of a request that was refused.
func FuzzReceive(f *testing.F) {
	const secret = "a secret of the fuzz test"
	scheme := receiver.Schemes()[0]
	scheme.Secrets = []receiver.Secret{{Value: secret}}
	var taken *event.Event
	s := taker(func(_ context.Context, ev *event.Event) (receiver.Outcome, error) {
		taken = ev
		return receiver.Accepted, nil
	})
	r, err := receiver.New(receiver.Options{Signature: scheme, Limits: receiver.Limits{Body: 16 << 10}}, s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(made(f, "e"), "application/json", "", "")
	f.Add([]byte(`{"eventId":1,"eventType":true,"meeting":[],"EVENTID":"x"}`), "application/JSON; charset", "identity", "k")
	f.Add([]byte(`{"eventId":"\ud800","eventType":"x","eventTimestamp":"9999-12-31T24:00:00Z","data":{"a":{"a":1e999}}}`), "a/b+json", "gzip", "\x00")
	f.Add([]byte("\xef\xbb\xbf{}"), "", "", "")
	f.Fuzz(func(t *testing.T, body []byte, contentType, encoding, extra string) {
		taken = nil
		h, err := receiver.Sign(scheme, body, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		h.Set("Content-Type", contentType)
		h.Set("Content-Encoding", encoding)
		h.Set("X-Extra", extra)
		req := httptest.NewRequest(http.MethodPost, receiver.DefaultPath, bytes.NewReader(body))
		req.Header = h
		w := serve(r, req)
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q is answered %d %q, which is not JSON", body, w.Code, w.Body)
		}
		switch w.Code {
		case http.StatusOK:
			if taken == nil || taken.ID == "" || taken.Type == "" || !utf8.Valid(taken.Body) ||
				utf8.Valid(body) && !bytes.Equal(taken.Body, body) {
				t.Errorf("%q is answered 200, the sink got %+v", body, taken)
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
			if taken != nil {
				t.Errorf("%q is answered %d, yet the sink got it", body, w.Code)
			}
		default:
			t.Errorf("%q is answered %d %s", body, w.Code, w.Body)
		}
	})
}
