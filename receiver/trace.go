package receiver

import (
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/gavel-rules/gavel/event"
)

// visit is the span of one signed event, from the first byte to the answer. A
// request without a valid signature has none, so that bad requests cannot
// flood the collector. The zero value traces nothing.
type visit struct{ span trace.Span }

// begin starts a trace for the event and returns the request in its context.
// The sender's trace is linked, never continued: its ids and sampling flag are
// not trusted.
func (r *Receiver) begin(req *http.Request, ev *event.Event, began time.Time) (*http.Request, visit) {
	if r.tracer == nil {
		return req, visit{}
	}
	options := []trace.SpanStartOption{
		trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(began),
		trace.WithAttributes(
			semconv.HTTPRequestMethodPost, semconv.HTTPRoute(r.path), semconv.HTTPRequestBodySize(len(ev.Body)),
			attribute.String("gavel.event.id", ev.ID), attribute.String("gavel.event.type", ev.Type),
			attribute.Int("gavel.event.delivery", ev.DeliveryAttempt),
		),
	}
	if sender := senderOf(req); sender.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: sender}))
	}
	ctx, span := r.tracer.Start(req.Context(), http.MethodPost+" "+r.path, options...)
	return req.WithContext(ctx), visit{span}
}

// senderOf returns the span that the sender names, without its tracestate,
// which is free text.
func senderOf(req *http.Request) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(req.Context(), propagation.HeaderCarrier(req.Header))
	return trace.SpanContextFromContext(ctx).WithTraceState(trace.TraceState{})
}

// accepted ends the span of a stored event.
func (v visit) accepted(o Outcome) {
	if v.span == nil {
		return
	}
	v.span.SetAttributes(semconv.HTTPResponseStatusCode(http.StatusOK), attribute.String("gavel.event.outcome", string(o)))
	v.span.End()
}

// rejected ends the span of an event that was not stored.
func (v visit) rejected(rej *rejection) {
	if v.span == nil {
		return
	}
	v.span.SetAttributes(semconv.HTTPResponseStatusCode(rej.status), semconv.ErrorTypeKey.String(string(rej.reason)))
	v.span.SetStatus(codes.Error, string(rej.reason))
	v.span.End()
}
