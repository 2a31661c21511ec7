package receiver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

// TestSlowStoreShedsLoad: while the store hangs, requests that come after some
// seconds are answered at once, the number of those who wait stays small, and
// when it is back all is as before.
func TestSlowStoreShedsLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		back := make(chan struct{})
		s := taker(func(ctx context.Context, _ *event.Event) (receiver.Outcome, error) {
			select {
			case <-back:
				return receiver.Accepted, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		})
		r, err := receiver.New(receiver.Options{AcceptUnsigned: true}, s)
		if err != nil {
			t.Fatal(err)
		}
		answers := make(chan int, 10_000)
		var sent atomic.Int64
		send := func() *httptest.ResponseRecorder {
			n := sent.Add(1)
			req := httptest.NewRequest(http.MethodPost, receiver.DefaultPath, strings.NewReader(string(made(t, fmt.Sprint("e", n)))))
			req.Header.Set("Content-Type", "application/json")
			req.RemoteAddr = fmt.Sprintf("192.0.2.%d:1", n%250)
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			answers <- w.Code
			return w
		}
		waiting := func() int { return int(sent.Load()) - len(answers) }
		for range 100 { // within the first seconds, all wait
			go send()
			time.Sleep(20 * time.Millisecond)
		}
		synctest.Wait()
		if waiting() != 100 {
			t.Errorf("%d wait, want 100", waiting())
		}
		time.Sleep(time.Second)
		for range 500 {
			began := time.Now()
			if w := send(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Fatalf("while the store hangs: %d %v %s", w.Code, w.Header(), w.Body)
			}
			if time.Since(began) > 0 {
				t.Fatalf("the answer took %s", time.Since(began))
			}
			time.Sleep(10 * time.Millisecond)
		}
		if waiting() > 100 {
			t.Errorf("%d wait", waiting())
		}
		time.Sleep(20 * time.Second) // those who wait are answered too
		synctest.Wait()
		if waiting() != 0 {
			t.Errorf("%d still wait", waiting())
		}
		close(back)
		if w := send(); w.Code != http.StatusOK {
			t.Errorf("when the store is back: %d %s", w.Code, w.Body)
		}
	})
}
