package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/bench/tails"
	"github.com/gavel-rules/gavel/bench/traffic"
	"github.com/gavel-rules/gavel/bench/yardstick"
	"github.com/gavel-rules/gavel/event/decode"
)

// TestMain lets the tests start this binary as a contender, or as readers.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && (yardstick.Is(os.Args[1:]) || os.Args[1] == tails.Role) {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func setup(t *testing.T) *bench {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &bench{
		options: options{rounds: 2, events: 200, connections: 8, limit: 20 * time.Second, patience: 20 * time.Second},
		dir:     t.TempDir(), self: self, log: t.Output(),
	}
}

func TestCompareTwoContenders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second := b.bareContender()
	second.name = "the same again"
	r, err := b.compare(t.Context(), "self", "test load", workload{events: b.events, actionEach: traffic.SomeActions}, b.bareContender(), second)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Contenders {
		if c.Median.Accepted != 400 || c.Median.Refused != 0 {
			t.Errorf("%s: accepted %d and refused %d, want 400 and 0", c.Name, c.Median.Accepted, c.Median.Refused)
		}
		if c.Median.PerSecond <= 0 || c.Median.P50 <= 0 || c.Median.P99 < c.Median.P50 || c.Median.Peak < c.Median.Idle {
			t.Errorf("%s: implausible %+v", c.Name, c.Median)
		}
	}
	var table, lines bytes.Buffer
	if err := writeTables(&table, []*report{r}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "the same again to bare handler:") {
		t.Errorf("the table lacks the ratio:\n%s", table.String())
	}
	if err := writeJSON(&lines, []*report{r}); err != nil {
		t.Fatal(err)
	}
	var back []*report
	if err := json.Unmarshal(lines.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*report{r}, back, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("report after JSON (-want +got):\n%s", diff)
	}
}

// TestActionsAreAccountedFor measures a receiver that loses one action, sends
// one twice, and refuses one event.
func TestActionsAreAccountedFor(t *testing.T) {
	t.Parallel()
	actions, err := traffic.NewSink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer actions.Close()
	act := func(id string) {
		res, err := http.Post(actions.URL+"/actions?event="+id, "application/json", nil)
		if err != nil {
			t.Error(err)
			return
		}
		res.Body.Close()
	}
	list, err := traffic.Deliveries(20, "x", "gavel.example", traffic.SomeActions)
	if err != nil {
		t.Fatal(err)
	}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ EventID string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		switch body.EventID {
		case list[0].ID: // acted on, but lost
		case list[5].ID:
			act(body.EventID)
			act(body.EventID)
		case list[10].ID:
			w.WriteHeader(http.StatusServiceUnavailable)
		case list[15].ID:
			act(body.EventID)
		}
	}))
	defer receiver.Close()
	address := strings.TrimPrefix(receiver.URL, "http://")
	seen, err := traffic.Load(t.Context(), []string{address}, list, traffic.Pace{Connections: 4, Limit: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	got := measured{Accepted: seen.Accepted, Refused: seen.Refused, Doubled: actions.Duplicates()}
	got.countActions(list, seen, actions)
	want := measured{Accepted: 19, Refused: 1, Expected: 3, Delivered: 2, Lost: 1, Doubled: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	if err := actions.Wait(t.Context(), 2, time.Minute); err != nil {
		t.Errorf("wait for what has come: %v", err)
	}
	if err := actions.Wait(t.Context(), 3, time.Millisecond); err != traffic.ErrLate {
		t.Errorf("wait for what never comes: %v, want %v", err, traffic.ErrLate)
	}
}

func TestBareHandler(t *testing.T) {
	t.Parallel()
	check := func(name string, change func(*http.Request), want int) {
		t.Helper()
		list, err := traffic.Deliveries(1, "one", "gavel.example", traffic.SomeActions)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(list[0].Request)))
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		w := httptest.NewRecorder()
		yardstick.Bare([]byte(traffic.SigningSecret)).ServeHTTP(w, req)
		if w.Code != want {
			t.Errorf("%s: code %d, want %d", name, w.Code, want)
		}
	}
	check("signed", func(*http.Request) {}, http.StatusOK)
	check("another signature", func(r *http.Request) { r.Header.Set(traffic.SignatureHeader, "00ff") }, http.StatusUnauthorized)
	check("no signature", func(r *http.Request) { r.Header.Del(traffic.SignatureHeader) }, http.StatusUnauthorized)
}

func TestDeliveriesAreWhatTheyClaim(t *testing.T) {
	t.Parallel()
	list, err := traffic.Deliveries(100, "d", "gavel.example", traffic.SomeActions)
	if err != nil {
		t.Fatal(err)
	}
	again, err := traffic.Deliveries(100, "d", "gavel.example", traffic.SomeActions)
	if err != nil {
		t.Fatal(err)
	}
	meetings, canceled, acted := map[string]bool{}, 0, 0
	for i, d := range list {
		if d.ID != again[i].ID {
			t.Errorf("event %d is %q, then %q", i, d.ID, again[i].ID)
		}
		_, body, _ := bytes.Cut(d.Request, []byte("\r\n\r\n"))
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		if ev.ID != d.ID || ev.Meeting.IsCanceled != d.Acted {
			t.Errorf("event %q, canceled %t; want %q, %t", ev.ID, ev.Meeting.IsCanceled, d.ID, d.Acted)
		}
		if len(body) < 1300 || len(body) > 1700 {
			t.Errorf("body of %d bytes, want about 1,400 to 1,600", len(body))
		}
		if meetings[ev.Meeting.ID] {
			canceled++
		}
		meetings[ev.Meeting.ID] = true
		if d.Acted {
			acted++
		}
	}
	// Events 65 to 95, every fifth, cancel a meeting of events 1 to 31.
	if len(meetings) != 93 || canceled != 7 || acted != 20 {
		t.Errorf("%d meetings, %d of them canceled, and %d actions; want 93, 7 and 20", len(meetings), canceled, acted)
	}
}

func TestAContenderThatDoesNotStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.gavel = filepath.Join(b.dir, "gavel")
	script := "#!/bin/sh\necho not today\nexit 1\n"
	if err := os.WriteFile(b.gavel, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := runIntake(t.Context(), b)
	if err == nil || !strings.Contains(err.Error(), "not today") {
		t.Errorf("the error does not show the last words: %v", err)
	}
}

func TestMedianAndQuantile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 5}, 5}} {
		if got := median(c.list); got != c.want {
			t.Errorf("median of %v: %v, want %v", c.list, got, c.want)
		}
	}
	var list []time.Duration
	for i := range 100 {
		list = append(list, time.Duration(i))
	}
	if got := fmt.Sprint(quantile(list, 0.5), quantile(list, 0.99), quantile(nil, 0.5)); got != "50ns 99ns 0s" {
		t.Errorf("quantiles: %s", got)
	}
}

func TestUnknownOptionsAreUsageErrors(t *testing.T) {
	t.Parallel()
	check := func(want int, text string, args ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		if got := run(t.Context(), args, &out, &errOut); got != want || !strings.Contains(errOut.String(), text) {
			t.Errorf("%q: code %d, %q; want %d, %q", args, got, errOut.String(), want, text)
		}
	}
	check(2, `"xml"`, "--output", "xml")
	check(2, "at least 1", "--rounds", "0")
	check(1, `no case "other"`, "--gavel", "unused", "other")
	check(0, "-events", "-h")
}

// TestTheLoadEndsInTime has more to send than the limit allows.
func TestTheLoadEndsInTime(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(yardstick.Bare([]byte(traffic.SigningSecret)))
	defer receiver.Close()
	address := strings.TrimPrefix(receiver.URL, "http://")
	list, err := traffic.Deliveries(20, "x", address, traffic.SomeActions)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := traffic.Load(t.Context(), []string{address}, list, traffic.Pace{Connections: 2, Limit: -time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if seen.Accepted != 0 || seen.Refused != 0 || !seen.Sent[0].IsZero() {
		t.Errorf("sent after the time was up: %+v", seen)
	}
}
