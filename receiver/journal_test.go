package receiver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Unix(1_800_000_000, 0)
	r, err := receiver.New(receiver.Options{
		Signature: receiver.Signature{Secrets: secrets(secret)},
		Log:       slog.New(slog.NewJSONHandler(&out, nil)),
		Now:       func() time.Time { return now },
	}, taker(nil))
	if err != nil {
		t.Fatal(err)
	}
	knock := func() {
		req := request(t, `{"marker-in-body": 1}`)
		req.Header.Set("X-Cirrus-Signature", "marker-in-header")
		serve(r, req)
	}
	for range 100 {
		knock()
	}
	now = now.Add(time.Second)
	knock()
	if strings.Contains(out.String(), "marker") {
		t.Errorf("the log shows what was sent: %s", out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 11 {
		t.Fatalf("%d lines for 101 refusals, want 11", len(lines))
	}
	var last map[string]any
	if err := json.Unmarshal([]byte(lines[10]), &last); err != nil {
		t.Fatal(err)
	}
	delete(last, "time")
	want := map[string]any{
		"level": "WARN", "msg": "request rejected", "reason": "signature", "status": 401.0,
		"remote": "192.0.2.1:1234", "suppressed": 90.0,
		"error": "the signature header does not have the configured form",
	}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("last line (-want +got):\n%s", diff)
	}
}

// tally is an Observer that writes down what it is told.
type tally struct {
	mu   sync.Mutex
	told []string
}

func (c *tally) add(s string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, s+" "+took.String())
}

func (c *tally) Accepted(took time.Duration)  { c.add("accepted", took) }
func (c *tally) Duplicate(took time.Duration) { c.add("duplicate", took) }

func (c *tally) Rejected(reason receiver.Reason, took time.Duration) {
	c.add(string(reason), took)
}

func TestObserver(t *testing.T) {
	t.Parallel()
	var seen tally
	now := time.Unix(1_800_000_000, 0)
	s := taker(nil)
	r, err := receiver.New(receiver.Options{
		AcceptUnsigned: true, Observer: &seen, Now: func() time.Time { return now },
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	body := string(made(t, "e"))
	serve(r, request(t, body))
	serve(r, request(t, body))
	serve(r, request(t, "{"))
	req := request(t, body)
	req.Method = http.MethodGet
	serve(r, req)
	s.answer = func(context.Context, *event.Event) (receiver.Outcome, error) {
		now = now.Add(time.Second)
		return "", event.ErrUnavailable
	}
	serve(r, request(t, body))
	want := []string{"accepted 0s", "duplicate 0s", "malformed 0s", "method 0s", "unavailable 1s"}
	if diff := cmp.Diff(want, seen.told); diff != "" {
		t.Errorf("the observer was told (-want +got):\n%s", diff)
	}
	for _, told := range want[2:] {
		reason, _, _ := strings.Cut(told, " ")
		if !slices.Contains(receiver.Reasons(), receiver.Reason(reason)) {
			t.Errorf("Reasons does not list %q", reason)
		}
	}
}
