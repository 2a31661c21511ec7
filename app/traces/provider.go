package traces

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Options describe the process to a Provider.
type Options struct {
	// Version and Instance are added to every span; Instance is unique to the
	// process.
	Version, Instance string
	Log               *slog.Logger
}

// Provider makes spans and exports them. A nil Provider makes none.
type Provider struct {
	sdk *sdktrace.TracerProvider
	log *slog.Logger
}

// Start returns a Provider, or nil when the settings turn traces off. It does
// not wait for the collector. The library has one global error handler, so its
// errors go to the log of the Provider started last.
func Start(ctx context.Context, s Settings, o Options) (*Provider, error) {
	if !s.On() {
		return nil, nil
	}
	about, err := describe(ctx, o)
	if err != nil {
		return nil, err
	}
	with := []sdktrace.TracerProviderOption{sdktrace.WithResource(about)}
	troubles := newTroubles(o.Log, &s)
	for _, name := range s.exporters {
		exporter, err := newExporter(ctx, name, s.protocol)
		if err != nil {
			return nil, fmt.Errorf("traces: exporter %s: %w", name, err)
		}
		with = append(with, sdktrace.WithSpanProcessor(newQueued(exporter, troubles)))
	}
	// The library's own log can contain values of environment variables.
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(troubles)
	for _, note := range s.Notes {
		o.Log.Warn("traces: " + note)
	}
	o.Log.Info("traces are on", "exporters", s.exporters, "protocol", s.protocol, "collector", s.collector)
	return &Provider{sdktrace.NewTracerProvider(with...), o.Log}, nil
}

// describe names this process. The command line is left out, because it can
// contain secrets.
func describe(ctx context.Context, o Options) (*resource.Resource, error) {
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName("gavel"), semconv.ServiceVersion(o.Version), semconv.ServiceInstanceID(o.Instance)),
		resource.WithFromEnv(), // comes last, so that it overrides the others
	)
	if err != nil {
		return nil, fmt.Errorf("traces: describe this process: %w", err)
	}
	return about, nil
}

func newExporter(ctx context.Context, name, protocol string) (sdktrace.SpanExporter, error) {
	switch {
	case name == console:
		return stdouttrace.New(stdouttrace.WithWriter(os.Stdout))
	case protocol == grpc:
		return otlptracegrpc.New(ctx)
	}
	return otlptracehttp.New(ctx)
}

// Tracer returns the tracer of one package; nil when traces are off.
func (p *Provider) Tracer(name string) trace.Tracer {
	if p == nil {
		return nil
	}
	return p.sdk.Tracer(name)
}

// flushTimeout bounds how long the last spans delay the end of the process.
const flushTimeout = 5 * time.Second

// Stop exports the queued spans, for five seconds at most; the rest is lost.
// No span may be made afterwards.
func (p *Provider) Stop() {
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := p.sdk.Shutdown(ctx); err != nil {
		p.log.Warn("the last spans are lost", "waited", flushTimeout.String())
	}
}
