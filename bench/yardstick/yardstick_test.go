package yardstick

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const secret = "a-secret"

// post posts a signed event to a handler and returns the status.
func post(t *testing.T, h http.Handler, id, eventType, title string) int {
	t.Helper()
	body := fmt.Sprintf(`{"eventId":%q,"eventType":%q,"data":{"id":"m-1","meetingStart":"2026-03-11T13:00:00Z",
		"meetingOwner":{"username":"host@acme.example"},"meetingInfo":{"meetingName":%q,"primaryInvitee":"kim@globex.example"}}}`, id, eventType, title)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, receiverPath, strings.NewReader(body))
	req.Header.Set(signatureHeader, hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code
}

func get(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w.Body.String()
}

const canceled, scheduled = "scheduling.smartscheduler.canceled", "scheduling.smartscheduler.scheduled"

func TestBareWantsAllFields(t *testing.T) {
	t.Parallel()
	h := Bare([]byte(secret))
	if got := post(t, h, "e-1", scheduled, "Introduction"); got != http.StatusOK {
		t.Errorf("a whole event: %d", got)
	}
	if got := post(t, h, "e-1", scheduled, ""); got != http.StatusBadRequest {
		t.Errorf("no title: %d", got)
	}
}

// TestSQLiteKeepsTheOutbox stops a receiver whose actions fail, and starts it
// again on the same file.
func TestSQLiteKeepsTheOutbox(t *testing.T) {
	t.Parallel()
	var once sync.Once
	failed, arrived := make(chan struct{}), make(chan string, 10)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { close(failed) })
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer broken.Close()
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- r.URL.Query().Get("event")
	}))
	defer sink.Close()
	o := Options{Secret: secret, Database: filepath.Join(t.TempDir(), "events.db"), Sink: broken.URL}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h, wait, err := openSQLite(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct{ id, eventType string }{{"e-1", canceled}, {"e-2", scheduled}, {"e-3", canceled}, {"e-3", canceled}} {
		if code := post(t, h, e.id, e.eventType, "Introduction"); code != http.StatusOK {
			t.Errorf("%s: %d", e.id, code)
		}
	}
	<-failed
	if w := get(h, "/-/left"); w != "2" {
		t.Errorf("letters in the outbox: %s, want 2", w)
	}
	cancel()
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	o.Sink = sink.URL
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	if _, wait, err = openSQLite(ctx, o); err != nil {
		t.Fatal(err)
	}
	got := []string{<-arrived, <-arrived}
	cancel()
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if want := []string{"e-1", "e-3"}; !slices.Equal(got, want) || len(arrived) > 0 {
		t.Errorf("actions for %q, and %d more; want %q", got, len(arrived), want)
	}
}

// fullBox is an outbox that fails to forget.
type fullBox struct{ err error }

func (b fullBox) unsent(context.Context, int) ([]letter, error) { return nil, b.err }
func (b fullBox) sent(context.Context, int64) error             { return b.err }

func TestADispatcherTellsWhyItEnded(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if err := newDispatcher(fullBox{broken}, "http://sink.example").run(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newDispatcher(fullBox{}, "http://sink.example").run(ctx); err != nil {
		t.Errorf("ended on purpose: %v", err)
	}
}
