package spans

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Tracing makes the engine's spans, all in the trace of the event:
//
//	span that received the event, from another package
//	├─ match
//	├─ run RULE              until the run ends, sleeps or waits for its next try
//	│  └─ attempt ACTION
//	└─ run RULE              continued, maybe in another process
//	   └─ attempt ACTION
//
// A span is in one process, a run may not be, so a run has a span for each time
// it is carried out. No span contains text of an event, a request, a reply or a
// reason.
type Tracing struct {
	Tracer trace.Tracer // nil makes no spans
}

// Mark stores the span in ctx in runs, as their parent.
func (t Tracing) Mark(ctx context.Context, runs []event.PlannedRun) {
	if t.Tracer == nil {
		return
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	for i := range runs {
		runs[i].Trace = carrier["traceparent"]
	}
}

// Match matches an event against the rules, in its own span.
func (t Tracing) Match(ctx context.Context, set *rules.Set, ev *event.Event, recollect rules.Recollect) []rules.Verdict {
	if t.Tracer == nil {
		return set.MatchWith(ctx, ev, recollect)
	}
	_, span := t.Tracer.Start(ctx, "match", trace.WithAttributes(attribute.String("gavel.rules.revision", set.Revision)))
	defer span.End()
	verdicts := set.MatchWith(ctx, ev, recollect)
	broken := 0
	for _, v := range verdicts {
		if v.Err != nil {
			broken++
		}
	}
	span.SetAttributes(attribute.Int("gavel.rules.matched", len(verdicts)-broken), attribute.Int("gavel.rules.failed", broken))
	if broken > 0 {
		span.SetStatus(codes.Error, "a condition could not be evaluated")
	}
	return verdicts
}

// Run is the span of one part of a run. The zero value traces nothing.
type Run struct {
	tracer  trace.Tracer
	span    trace.Span
	attempt trace.Span // of the attempt under way, or nil
	told    bool       // something was recorded, so the span is kept
}

// BeginRun returns a context for carrying out a run, and its span.
func (t Tracing) BeginRun(ctx context.Context, run *event.Run, now time.Time) (context.Context, Run) {
	if t.Tracer == nil {
		return ctx, Run{}
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": run.Trace})
	ctx, span := t.Tracer.Start(ctx, "run "+run.Rule, trace.WithTimestamp(now), trace.WithAttributes(
		attribute.String("gavel.rule", run.Rule), attribute.String("gavel.rules.revision", run.Revision),
		attribute.String("gavel.run.id", run.ID), attribute.String("gavel.event.id", run.EventID),
		attribute.String("gavel.event.type", run.EventType), attribute.Bool("gavel.run.shadow", run.Shadow),
	))
	return ctx, Run{tracer: t.Tracer, span: span}
}

// BeginAttempt returns the context for sending.
func (r *Run) BeginAttempt(ctx context.Context, a *event.Attempt) context.Context {
	if r.span == nil {
		return ctx
	}
	ctx, r.attempt = r.tracer.Start(ctx, "attempt "+a.ActionID, trace.WithTimestamp(a.Started), trace.WithAttributes(
		attribute.String("gavel.action", a.ActionID), attribute.String("gavel.action.kind", a.Kind),
		attribute.Int("gavel.attempt.try", a.Try), attribute.String("gavel.run.id", a.RunID),
	))
	return ctx
}

// Recorded adds attempts that are in the history.
func (r *Run) Recorded(ctx context.Context, p event.Progress, stored bool) {
	if r.span == nil {
		return
	}
	if !stored {
		r.span.SetStatus(codes.Error, "progress was not recorded")
	}
	r.told = r.told || len(p.Attempts) > 0 || p.Run.Status.Done()
	for i := range p.Attempts {
		a := &p.Attempts[i]
		if a.Action < 0 {
			continue // about the run itself, which has its own span
		}
		if r.attempt == nil {
			r.BeginAttempt(ctx, a)
		}
		r.endAttempt(a)
	}
}

func (r *Run) endAttempt(a *event.Attempt) {
	r.attempt.SetAttributes(attribute.String("gavel.attempt.outcome", string(a.Outcome)))
	switch a.Outcome {
	case event.OutcomeFailed:
		r.attempt.SetAttributes(attribute.String("error.type", string(a.Cause)))
		r.attempt.SetStatus(codes.Error, string(a.Cause))
	case event.OutcomeUnknown:
		if a.Cause != "" {
			r.attempt.SetAttributes(attribute.String("error.type", string(a.Cause)))
		}
		r.attempt.SetStatus(codes.Error, "it may have reached its destination")
	}
	r.attempt.End(trace.WithTimestamp(a.Ended))
	r.attempt = nil
}

// End ends the span. It is dropped if the run only waited for its connection.
func (r *Run) End(now time.Time, run *event.Run) {
	if r.span == nil || !r.told {
		return
	}
	r.span.SetAttributes(attribute.String("gavel.run.status", string(run.Status)))
	if run.Status == event.StatusFailed {
		r.span.SetStatus(codes.Error, "the run failed")
	}
	r.span.End(trace.WithTimestamp(now))
}
