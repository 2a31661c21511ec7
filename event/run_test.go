package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

// TestShownResults: people see what is shown of a result, and the run keeps
// what later actions use.
func TestShownResults(t *testing.T) {
	t.Parallel()
	run := &event.Run{ID: "r", Results: map[string]json.RawMessage{
		"find": json.RawMessage(`"secret"`), event.ShownResult("find"): json.RawMessage(`"[private]"`), "log": json.RawMessage(`1`),
	}}
	shown := run.WithShownResults()
	want := map[string]json.RawMessage{"find": json.RawMessage(`"[private]"`), "log": json.RawMessage(`1`)}
	if diff := cmp.Diff(want, shown.Results); diff != "" || shown.ID != "r" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	if len(run.Results) != 3 || string(run.Results["find"]) != `"secret"` {
		t.Errorf("the run itself was changed: %s", run.Results)
	}
	if bare := (&event.Run{ID: "r"}); bare.WithShownResults() == bare || bare.WithShownResults().Results != nil {
		t.Error("a run without results is no copy of its own")
	}
}

// TestSuppressed: the count stands beside the results and changes none of them.
func TestSuppressed(t *testing.T) {
	t.Parallel()
	before := map[string]json.RawMessage{"find": json.RawMessage(`1`)}
	run := &event.Run{Results: before}
	if err := run.SetSuppressed(3); err != nil {
		t.Fatal(err)
	}
	if run.Suppressed() != 3 || string(run.Results["find"]) != "1" || len(before) != 1 {
		t.Errorf("%d suppressed, results %s, before %s", run.Suppressed(), run.Results, before)
	}
	none := &event.Run{}
	if err := none.SetSuppressed(0); err != nil || none.Results != nil || none.Suppressed() != 0 {
		t.Errorf("%v, results %s", err, none.Results)
	}
	damaged := &event.Run{Results: map[string]json.RawMessage{}}
	for key := range run.Results {
		damaged.Results[key] = json.RawMessage(`{"suppressed": "x"`)
	}
	if damaged.Suppressed() != 0 {
		t.Error("a count that cannot be read is a number")
	}
}

func TestLane(t *testing.T) {
	t.Parallel()
	if event.Lane("m", "slack") == event.Lane("m", "crm") || event.Lane("m", "slack") == event.Lane("n", "slack") || event.Lane("ab", "c") == event.Lane("a", "bc") {
		t.Error("two orders have one lane")
	}
}

// TestWindowScope: windows that count apart have names apart, and no name tells
// a key.
func TestWindowScope(t *testing.T) {
	t.Parallel()
	base := event.Window{Kind: event.WindowThreshold, Rule: "r", Key: "kim@acme.example"}
	seen := map[string]bool{}
	for _, change := range []func(*event.Window){
		func(*event.Window) {}, func(w *event.Window) { w.Kind = event.WindowThrottle }, func(w *event.Window) { w.Rule = "s" },
		func(w *event.Window) { w.Key = "" }, func(w *event.Window) { w.Key = "pat@acme.example" }, func(w *event.Window) { w.Shadow = true },
	} {
		w := base
		change(&w)
		seen[w.Scope()] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d scopes of 6 windows", len(seen))
	}
	w := base
	w.Label, w.Count, w.Length = "Kim", 3, time.Hour // a rule that is edited keeps its count
	if w.Scope() != base.Scope() {
		t.Error("another length or count is another window")
	}
	if got := base.Scope(); got != "threshold\x1flive\x1fr\x1f"+got[len(got)-64:] {
		t.Errorf("scope %q", got)
	}
	base.Key = ""
	if got := base.Scope(); got != "threshold\x1flive\x1fr\x1f" {
		t.Errorf("scope without a key: %q", got)
	}
}

func TestSpanBegan(t *testing.T) {
	t.Parallel()
	until := time.Unix(7200, 0)
	if got := (event.Span{Until: until}).Began(time.Hour); !got.Equal(time.Unix(3600, 0)) {
		t.Errorf("it began at %v", got)
	}
	if got := (event.Span{}).Began(time.Hour); !got.IsZero() {
		t.Errorf("no span began at %v", got)
	}
}

func TestGather(t *testing.T) {
	t.Parallel()
	at := time.Unix(9, 0)
	ev := &event.Event{Envelope: event.Envelope{ID: "e", Type: "x.y", Timestamp: at}, Meeting: &event.Meeting{ID: "m"}}
	g := event.Gather(ev)
	if g.EventID != "e" || g.Type != "x.y" || !g.Timestamp.Equal(at) || g.Meeting.ID != "m" || g.Envelope.ID != "e" || g.Source() != ev {
		t.Errorf("gathered: %+v", g)
	}
	for what, g := range map[string]event.Gathered{"of no kind": event.Gather(&event.Event{}), "no longer stored": event.GatherGone("e", at)} {
		if g.Meeting == nil || g.Envelope == nil || g.Change == nil {
			t.Errorf("an expression finds a nil in an event %s: %+v", what, g)
		}
	}
	if gone := event.GatherGone("e", at); gone.Source() != nil || gone.EventID != "e" || !gone.Timestamp.Equal(at) {
		t.Errorf("no longer stored: %+v", gone)
	}
	with := (&event.Gathering{Count: 2, Events: []event.Gathered{
		event.Gather(&event.Event{Body: []byte(`{"data":{"n":"1"}}`)}), event.GatherGone("e", at),
	}}).WithData()
	if diff := cmp.Diff([]any{map[string]any{"n": "1"}, nil}, []any{with.Events[0].Data, with.Events[1].Data}); diff != "" || with.Count != 2 {
		t.Errorf("data of %d events (-want +got):\n%s", with.Count, diff)
	}
}

// TestLine: a line keeps the body as it came; one that is no JSON stands apart.
func TestLine(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	rec := &event.Record{
		Seq: 7, Revision: "rev", Late: true, Deliveries: 2, LastSeen: at.Add(time.Second), Runs: 3,
		Event: &event.Event{
			Envelope: event.Envelope{OrganizationGUID: "org", ID: "e", Type: "x.y", Timestamp: at}, Meeting: &event.Meeting{ID: "m"},
			Received: at, Body: []byte(`{"n": 1.50, "html": "<b>"}`),
		},
	}
	if rec.Place() != (event.Place{Received: at, Seq: 7}) {
		t.Errorf("it stands at %v", rec.Place())
	}
	line := event.LineOf(rec)
	raw, err := line.Encode()
	want := `{"seq":7,"event_id":"e","event_type":"x.y","event_timestamp":"2026-03-02T09:00:00Z","received":"2026-03-02T09:00:00Z",` +
		`"last_seen":"2026-03-02T09:00:01Z","meeting_id":"m","organization":"org","revision":"rev","late":true,"deliveries":2,"runs":3,` +
		`"body":{"n":1.50,"html":"<b>"}}` + "\n"
	if err != nil || string(raw) != want {
		t.Errorf("%v\n got %s\nwant %s", err, raw, want)
	}
	rec.Event.Body = []byte("sealed:")
	if line = event.LineOf(rec); line.Body != nil || string(line.Sealed) != "sealed:" {
		t.Errorf("body %s, sealed %q", line.Body, line.Sealed)
	}
	rec.Event.Timestamp = at.AddDate(9000, 0, 0)
	line = event.LineOf(rec)
	if _, err := line.Encode(); err == nil {
		t.Error("a time that JSON cannot write was written")
	}
}
