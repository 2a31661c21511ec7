package outbound

import (
	"io"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Call sends req over t exactly once; from an error, NetworkFailure can tell
// whether it may have arrived. If the request's context is in a trace, the call
// gets a span with method, host, port and status, but never path, query,
// headers or body, which may contain personal data and secrets.
func Call(t http.RoundTripper, req *http.Request) (*http.Response, error) {
	return call(t, req, false)
}

// CallInTrace is Call that also sends W3C Trace Context headers, so that the
// peer can join the trace. An existing traceparent header is kept.
func CallInTrace(t http.RoundTripper, req *http.Request) (*http.Response, error) {
	return call(t, req, true)
}

func call(t http.RoundTripper, req *http.Request, joined bool) (*http.Response, error) {
	parent := trace.SpanFromContext(req.Context())
	if !parent.SpanContext().IsValid() {
		return once(t, req)
	}
	ctx, span := parent.TracerProvider().Tracer("github.com/gavel-rules/gavel/actions/outbound").Start(req.Context(), req.Method,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			semconv.HTTPRequestMethodKey.String(req.Method), semconv.URLScheme(req.URL.Scheme),
			semconv.ServerAddress(req.URL.Hostname()), semconv.ServerPort(port(req)),
		))
	req = req.WithContext(ctx)
	if joined && req.Header.Get("Traceparent") == "" {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	}
	resp, err := once(t, req)
	if err != nil {
		cause := string(NetworkFailure(ctx, req.URL.Hostname(), err).Cause)
		span.SetAttributes(semconv.ErrorTypeKey.String(cause))
		span.SetStatus(codes.Error, cause)
		span.End()
		return nil, err
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(resp.StatusCode))
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(resp.StatusCode)))
		span.SetStatus(codes.Error, "")
	}
	resp.Body = &reply{resp.Body, span}
	return resp, nil
}

// reply ends the span of its call when it is closed.
type reply struct {
	io.ReadCloser
	span trace.Span
}

// Close closes the body and ends the span.
func (r *reply) Close() error {
	defer r.span.End()
	return r.ReadCloser.Close()
}

func port(req *http.Request) int {
	if n, err := strconv.Atoi(req.URL.Port()); err == nil {
		return n
	}
	if req.URL.Scheme == "http" {
		return 80
	}
	return 443
}
