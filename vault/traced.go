package vault

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
)

// tracedStore makes a span of each event that is stored, from the wait for a
// shared transaction to its commit.
type tracedStore struct {
	engine.Store
	tracer trace.Tracer
	system trace.SpanStartEventOption
}

// Traced makes spans for what the engine stores; a nil tracer makes none.
func Traced(s engine.Store, tracer trace.Tracer, databaseURL string) engine.Store {
	if tracer == nil {
		return s
	}
	system := semconv.DBSystemNamePostgreSQL
	if strings.HasPrefix(databaseURL, "sqlite:") {
		system = semconv.DBSystemNameSQLite
	}
	return tracedStore{s, tracer, trace.WithAttributes(system)}
}

// Accept implements engine.Store.
func (s tracedStore) Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error) {
	ctx, span := s.tracer.Start(ctx, "store", trace.WithSpanKind(trace.SpanKindClient), s.system)
	defer span.End()
	receipt, err := s.Store.Accept(ctx, a)
	if err != nil {
		cause := "failed"
		if errors.Is(err, event.ErrUnavailable) || ctx.Err() != nil {
			cause = "unavailable"
		}
		span.SetAttributes(semconv.ErrorTypeKey.String(cause))
		span.SetStatus(codes.Error, cause)
	}
	return receipt, err
}
