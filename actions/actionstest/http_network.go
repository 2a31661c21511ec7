package actionstest

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func (s HTTPSubject) timeout(t *testing.T) {
	t.Parallel()
	rig := s.rig(t, hang(nil))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := rig.Do(ctx)
	if f := Failure(t, err); f.Cause != event.CauseTimeout || !f.Retry {
		t.Errorf("failure is %+v, want a timeout that may be tried again", f)
	}
}

func (s HTTPSubject) cancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.rig(t, hang(cancel)).Do(ctx)
	if f := Failure(t, err); !f.Retry || !errors.Is(err, context.Canceled) || f.Arrival != event.ArrivalUnknown {
		t.Errorf("failure is %+v (%v), want one of a canceled context that may be tried again", f, f.Err)
	}
}

// hang reads the request, calls arrived and returns only when the caller has
// disconnected.
func hang(arrived func()) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if arrived != nil {
			arrived()
		}
		<-r.Context().Done()
	}
}

func (s HTTPSubject) connectionLost(t *testing.T) {
	t.Parallel()
	_, err := s.rig(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).Do(t.Context())
	if f := Failure(t, err); f.Cause != event.CauseNetwork || !f.Retry || f.Arrival != event.ArrivalUnknown {
		t.Errorf("failure is %+v, want one of the network, of a request that may have arrived", f)
	}
}

// keptAliveCut closes a kept-alive connection after its second request. The
// transport must not send that again by itself.
func (s HTTPSubject) keptAliveCut(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	rig := s.rig(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if requests.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
		s.Accept(w, r)
	})
	if _, err := rig.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := rig.Do(t.Context())
	if n := requests.Load(); n != 2 {
		t.Errorf("got %d requests from two tries", n)
	}
	if f := Failure(t, err); f.Cause != event.CauseNetwork || !f.Retry || f.Arrival != event.ArrivalUnknown {
		t.Errorf("failure is %+v, want one of the network, of a request that may have arrived", f)
	}
}

func (s HTTPSubject) nobodyListens(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	rig := Load(t, s.Kinds, s.Rules(srv.URL), s.Env)
	srv.Close()
	_, err := rig.Do(t.Context())
	if f := Failure(t, err); f.Cause != event.CauseNetwork || !f.Retry || f.Arrival != event.ArrivalNotSent {
		t.Errorf("failure is %+v, want one of the network, of a request that was not sent", f)
	}
}

// hugeReply sends 16 MiB, compressed. What the action keeps of it, as result or
// error, must stay small.
func (s HTTPSubject) hugeReply(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		result, err := s.rig(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			zip := gzip.NewWriter(w)
			block := []byte(strings.Repeat(" ", 1<<20))
			for range 16 {
				if _, err := zip.Write(block); err != nil {
					return // the caller stopped reading
				}
			}
			_ = zip.Close()
		}).Do(t.Context())
		raw, marshalErr := json.Marshal(result)
		if marshalErr != nil || len(raw) > 2<<20 {
			t.Errorf("status %d: the result has %d bytes (%v)", status, len(raw), marshalErr)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("status %d: the error has %d bytes", status, len(err.Error()))
		}
	}
}

func (s HTTPSubject) redirect(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(target.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{target.URL + "/latest/meta-data", "http://169.254.169.254/", "file:///etc/passwd"} {
			_, err := s.rig(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}).Do(t.Context())
			if f := Failure(t, err); f.Retry {
				t.Errorf("status %d to %s: failure is %+v, want a permanent one", status, to, f)
			}
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the internal address was called %d times", n)
	}
}
