package spans_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gavel-rules/gavel/engine/spans"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// told is what one span says.
type told struct {
	Name, Parent string
	Status       codes.Code
	Says         string
	Attributes   map[attribute.Key]any
	Took         time.Duration
}

// traced returns the spans that have ended, by name, and what makes them.
func traced(t *testing.T) (spans.Tracing, func() map[string]told) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	return spans.Tracing{Tracer: provider.Tracer("test")}, func() map[string]told {
		names, out := map[string]string{}, map[string]told{}
		for _, s := range recorder.Ended() {
			names[s.SpanContext().SpanID().String()] = s.Name()
		}
		for _, s := range recorder.Ended() {
			it := told{
				Name: s.Name(), Parent: names[s.Parent().SpanID().String()], Status: s.Status().Code, Says: s.Status().Description,
				Attributes: map[attribute.Key]any{}, Took: s.EndTime().Sub(s.StartTime()),
			}
			for _, a := range s.Attributes() {
				it.Attributes[a.Key] = a.Value.AsInterface()
			}
			out[s.Name()] = it
		}
		return out
	}
}

func TestRunJoinsTheTraceOfItsEvent(t *testing.T) {
	t.Parallel()
	tracing, ended := traced(t)
	ctx, received := tracing.Tracer.Start(t.Context(), "receive")
	planned := []event.PlannedRun{{Run: event.Run{ID: "a"}}, {Run: event.Run{ID: "b"}}}
	tracing.Mark(ctx, planned)
	received.End()
	run := &event.Run{
		ID: "b", Rule: "greet", Revision: "rev", EventID: "e", EventType: "x.y", Shadow: true, Trace: planned[1].Trace, Status: event.StatusFailed,
	}
	// Another process carries it out.
	ctx, span := tracing.BeginRun(context.Background(), run, nine)
	attempt := event.Attempt{
		RunID: "b", ActionID: "send", Kind: "slack", Try: 2, Outcome: event.OutcomeFailed, Cause: event.CauseServer,
		Started: nine.Add(time.Second), Ended: nine.Add(3 * time.Second),
	}
	ctx = span.BeginAttempt(ctx, &attempt)
	span.Recorded(ctx, event.Progress{Run: run, Attempts: []event.Attempt{attempt}}, true)
	span.End(nine.Add(5*time.Second), run)
	got := ended()
	delete(got, "receive")
	want := map[string]told{
		"run greet": {
			Name: "run greet", Parent: "receive", Status: codes.Error, Says: "the run failed", Took: 5 * time.Second,
			Attributes: map[attribute.Key]any{
				"gavel.rule": "greet", "gavel.rules.revision": "rev", "gavel.run.id": "b", "gavel.event.id": "e", "gavel.event.type": "x.y",
				"gavel.run.shadow": true, "gavel.run.status": "failed",
			},
		},
		"attempt send": {
			Name: "attempt send", Parent: "run greet", Status: codes.Error, Says: "server", Took: 2 * time.Second,
			Attributes: map[attribute.Key]any{
				"gavel.action": "send", "gavel.action.kind": "slack", "gavel.attempt.try": int64(2), "gavel.run.id": "b",
				"gavel.attempt.outcome": "failed", "error.type": "server",
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if planned[0].Trace == "" || planned[0].Trace != planned[1].Trace {
		t.Errorf("the runs of an event belong to %q and %q", planned[0].Trace, planned[1].Trace)
	}
}

// TestAttempts: how each attempt ended shows, also of one whose beginning was
// not traced.
func TestAttempts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attempt event.Attempt
		status  codes.Code
		says    string
		cause   any
	}{
		"succeeded":     {event.Attempt{Outcome: event.OutcomeSucceeded}, codes.Unset, "", nil},
		"skipped":       {event.Attempt{Outcome: event.OutcomeSkipped}, codes.Unset, "", nil},
		"failed":        {event.Attempt{Outcome: event.OutcomeFailed, Cause: event.CauseAuth}, codes.Error, "auth", "auth"},
		"unknown":       {event.Attempt{Outcome: event.OutcomeUnknown}, codes.Error, "it may have reached its destination", nil},
		"unknown, why":  {event.Attempt{Outcome: event.OutcomeUnknown, Cause: event.CauseTimeout}, codes.Error, "it may have reached its destination", "timeout"},
		"about the run": {event.Attempt{Action: -1, Outcome: event.OutcomeChanged}, codes.Unset, "", nil},
	} {
		tracing, ended := traced(t)
		run := &event.Run{Rule: "greet", Status: event.StatusWaiting}
		ctx, span := tracing.BeginRun(t.Context(), run, nine)
		c.attempt.ActionID = "send"
		span.Recorded(ctx, event.Progress{Run: run, Attempts: []event.Attempt{c.attempt}}, true)
		span.End(nine, run)
		got := ended()
		if whole := got["run greet"]; whole.Name == "" || whole.Status != codes.Unset {
			t.Errorf("%s: the run's span is %+v", name, whole)
		}
		send, made := got["attempt send"]
		if made == (c.attempt.Action < 0) || send.Status != c.status || send.Says != c.says || send.Attributes["error.type"] != c.cause {
			t.Errorf("%s: %+v", name, send)
		}
	}
}

// TestSpansOfRuns: a stretch in which nothing came of a run is no span.
func TestSpansOfRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status   event.Status
		attempts []event.Attempt
		recorded bool
		stored   bool
		want     []codes.Code // of the run's span, none if there is none
	}{
		"stood in line":       {status: event.StatusPending, want: nil},
		"nothing came of it":  {status: event.StatusPending, recorded: true, stored: true, want: nil},
		"ended":               {status: event.StatusSucceeded, recorded: true, stored: true, want: []codes.Code{codes.Unset}},
		"failed":              {status: event.StatusFailed, recorded: true, stored: true, want: []codes.Code{codes.Error}},
		"has sent":            {status: event.StatusPending, attempts: []event.Attempt{{}}, recorded: true, stored: true, want: []codes.Code{codes.Unset}},
		"has sent, is unsure": {status: event.StatusPending, attempts: []event.Attempt{{}}, recorded: true, want: []codes.Code{codes.Error}},
	} {
		tracing, ended := traced(t)
		run := &event.Run{Rule: "greet", Status: c.status}
		ctx, span := tracing.BeginRun(t.Context(), run, nine)
		if c.recorded {
			span.Recorded(ctx, event.Progress{Run: run, Attempts: c.attempts}, c.stored)
			span.Recorded(ctx, event.Progress{Run: &event.Run{Status: event.StatusRunning}}, true) // says no more
		}
		span.End(nine, run)
		var got []codes.Code
		if s, ok := ended()["run greet"]; ok {
			got = append(got, s.Status)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(`
rules:
  - { name: one, event: "*", actions: [ { note: { } } ] }
  - { name: two, event: "*", actions: [ { note: { } } ] }
  - { name: other, event: "a.b", actions: [ { note: { } } ] }
  - { name: broken, event: "x.y", when: "event.deliveryTimestamp > event.eventTimestamp", actions: [ { note: { } } ] }
`)}}, rules.Options{Kinds: params.Kinds{Actions: []params.Kind{{Name: "note", New: func() params.Params { return &note{} }, Timeout: time.Minute, Local: true}}}})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	for kind, want := range map[string]told{
		"x.y": {Name: "match", Status: codes.Error, Says: "a condition could not be evaluated",
			Attributes: map[attribute.Key]any{"gavel.rules.revision": set.Revision, "gavel.rules.matched": int64(2), "gavel.rules.failed": int64(1)}},
		"z.z": {Name: "match",
			Attributes: map[attribute.Key]any{"gavel.rules.revision": set.Revision, "gavel.rules.matched": int64(2), "gavel.rules.failed": int64(0)}},
	} {
		tracing, ended := traced(t)
		ev := &event.Event{Envelope: event.Envelope{Type: kind, Timestamp: nine}, Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}, Received: nine}
		verdicts := tracing.Match(t.Context(), set, ev, nil)
		got := ended()["match"]
		got.Took = 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
		if untraced := (spans.Tracing{}).Match(t.Context(), set, ev, nil); len(untraced) != len(verdicts) || len(verdicts) != int(got.Attributes["gavel.rules.matched"].(int64)+got.Attributes["gavel.rules.failed"].(int64)) {
			t.Errorf("%s: %d verdicts, untraced %d", kind, len(verdicts), len(untraced))
		}
	}
}

// note is an action with nothing to say.
type note struct{}

func (n *note) Build(any) (params.Action, error)             { return n, nil }
func (*note) Prepare(*language.Scope) (params.Effect, error) { return nil, nil }
