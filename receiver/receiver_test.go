package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

func unsignedOptions() receiver.Options { return receiver.Options{AcceptUnsigned: true} }

func TestAcceptedAndDuplicate(t *testing.T) {
	t.Parallel()
	s := taker(nil)
	body := string(made(t, `evt "1" <é>`))
	for _, want := range []string{"accepted", "duplicate"} {
		w := answer(t, unsignedOptions(), s, nil, body)
		wantBody := `{"eventId":"evt \"1\" \u003cé\u003e","status":"` + want + `"}`
		if w.Code != 200 || w.Body.String() != wantBody || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("got %d %s %v, want 200 %s", w.Code, w.Body, w.Header(), wantBody)
		}
	}
	if got := s.events[0]; string(got.Body) != body || got.Received.IsZero() || got.Type != event.TypeScheduled {
		t.Errorf("the sink got %+v", got)
	}
}

func TestRefusedByHeader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header http.Header
		want   int
	}{
		"json":             {http.Header{"Content-Type": {"application/json"}}, 200},
		"charset":          {http.Header{"Content-Type": {`application/JSON; Charset="UTF-8"`}}, 200},
		"suffix":           {http.Header{"Content-Type": {"application/cloudevents+json"}}, 200},
		"utf8":             {http.Header{"Content-Type": {"application/json; charset=utf8"}}, 200},
		"ascii":            {http.Header{"Content-Type": {"application/json;charset=us-ascii"}}, 200},
		"latin 1":          {http.Header{"Content-Type": {"application/json; charset=iso-8859-1"}}, 200},
		"two charsets":     {http.Header{"Content-Type": {"application/json; charset=utf-8; charset=utf8"}}, 200},
		"broken parameter": {http.Header{"Content-Type": {"application/json; ="}}, 200},
		"form":             {http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, 415},
		"text":             {http.Header{"Content-Type": {"text/json+json"}}, 415},
		"broken":           {http.Header{"Content-Type": {"application json"}}, 415},
		"identity":         {http.Header{"Content-Encoding": {"identity"}}, 200},
		"gzip":             {http.Header{"Content-Encoding": {"gzip"}}, 415},
		"several encoding": {http.Header{"Content-Encoding": {"identity, gzip"}}, 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := answer(t, unsignedOptions(), taker(nil), c.header, string(made(t, "e")))
			if w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
		})
	}
}

func TestSinkErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err        error
		want       int
		retryAfter bool
	}{
		"unavailable": {fmt.Errorf("accept event: disk full at /secret: %w", event.ErrUnavailable), 503, true},
		"deadline":    {fmt.Errorf("accept: %w", context.DeadlineExceeded), 503, true},
		"canceled":    {context.Canceled, 503, true},
		"other":       {errors.New("table /secret is gone"), 500, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := taker(func(context.Context, *event.Event) (receiver.Outcome, error) { return "", c.err })
			w := answer(t, unsignedOptions(), s, nil, string(made(t, "e")))
			if w.Code != c.want || (w.Header().Get("Retry-After") != "") != c.retryAfter {
				t.Errorf("got %d %v, want %d", w.Code, w.Header(), c.want)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("the answer shows internals: %s", w.Body)
			}
		})
	}
}

// TestTakeOutlivesTheSender: what the sink does is bounded by a time of its
// own and does not end when the sender hangs up.
func TestTakeOutlivesTheSender(t *testing.T) {
	t.Parallel()
	s := taker(func(ctx context.Context, _ *event.Event) (receiver.Outcome, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the context has no deadline")
		}
		return receiver.Accepted, ctx.Err()
	})
	r, err := receiver.New(unsignedOptions(), s)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if w := serve(r, request(t, string(made(t, "e"))).WithContext(gone)); w.Code != 200 {
		t.Errorf("status %d, want 200", w.Code)
	}
}

func TestTakeTimeout(t *testing.T) {
	t.Parallel()
	s := taker(func(ctx context.Context, _ *event.Event) (receiver.Outcome, error) {
		<-ctx.Done()
		return "", ctx.Err()
	})
	o := unsignedOptions()
	o.Limits.TakeTimeout = time.Millisecond
	if w := answer(t, o, s, nil, string(made(t, "e"))); w.Code != 503 {
		t.Errorf("status %d, want 503", w.Code)
	}
}

func TestReplayWindow(t *testing.T) {
	t.Parallel()
	sent := time.Unix(1_800_000_000, 0)
	for age, want := range map[time.Duration]int{
		0: 200, time.Hour: 200, -time.Hour: 200, time.Hour + time.Second: 401, -time.Hour - time.Second: 401,
	} {
		o := unsignedOptions()
		o.ReplayWindow = time.Hour
		o.Now = func() time.Time { return sent.Add(age) }
		if got := status(t, o, nil, string(made(t, "e"))); got != want {
			t.Errorf("at the age of %s: status %d, want %d", age, got, want)
		}
	}
	o := unsignedOptions()
	o.ReplayWindow = time.Hour
	if got := status(t, o, nil, `{"eventId":"e","eventType":"x","eventTimestamp":"2026-03-09T12:00:00Z"}`); got != 401 {
		t.Errorf("without a delivery time: status %d, want 401", got)
	}
}

// TestOneAnswerForEverySignature: what is wrong is not told.
func TestOneAnswerForEverySignature(t *testing.T) {
	t.Parallel()
	o := receiver.Options{Signature: receiver.Signature{Secrets: secrets(secret)}}
	var first string
	for _, h := range []http.Header{
		nil, {"X-Cirrus-Signature": {""}}, {"X-Cirrus-Signature": {"zz"}},
		{"X-Cirrus-Signature": {strings.Repeat("0", 64)}}, {"X-Cirrus-Signature": {"a", "b"}},
	} {
		for _, body := range []string{"", "{", "null", string(made(t, "e"))} {
			w := answer(t, o, taker(nil), h, body)
			got := fmt.Sprint(w.Code, w.Header(), w.Body)
			if first == "" {
				first = got
			}
			if w.Code != 401 || got != first {
				t.Errorf("answer to %v is %s, want %s", h, got, first)
			}
		}
	}
}

func TestTooManyAtOnce(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	s := taker(func(context.Context, *event.Event) (receiver.Outcome, error) {
		entered <- struct{}{}
		<-leave
		return receiver.Accepted, nil
	})
	for name, limits := range map[string]receiver.Limits{
		"requests": {Requests: 1},
		// One body is held, and the next needs more than is left.
		"bytes": {InFlight: 5000},
	} {
		o := unsignedOptions()
		o.Limits = limits
		r, err := receiver.New(o, s)
		if err != nil {
			t.Fatal(err)
		}
		first := make(chan int)
		for range 2 { // the second round shows that all was given back
			go func() { first <- serve(r, request(t, string(made(t, "a")))).Code }()
			<-entered
			w := serve(r, request(t, string(made(t, "b"))))
			if w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), name) {
				t.Errorf("%s: got %d %v %s, want 503", name, w.Code, w.Header(), w.Body)
			}
			leave <- struct{}{}
			if got := <-first; got != 200 {
				t.Errorf("%s: the first got %d", name, got)
			}
		}
	}
}

// TestLengthThatLies: a server in between might pass on more than announced.
func TestLengthThatLies(t *testing.T) {
	t.Parallel()
	o := unsignedOptions()
	o.Limits.Body = 5000
	r, err := receiver.New(o, taker(nil))
	if err != nil {
		t.Fatal(err)
	}
	req := request(t, padded(t, "e", 6000))
	req.ContentLength = 10
	if w := serve(r, req); w.Code != 413 {
		t.Errorf("status %d, want 413", w.Code)
	}
}
