package outbound_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gavel-rules/gavel/actions/outbound"
)

// peer answers as a function says.
type peer func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (p peer) RoundTrip(r *http.Request) (*http.Response, error) { return p(r) }

func answering(status int) peer {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	}
}

// TestSpanOfACall looks at what a call leaves in a trace: enough to see where
// it went and how it ended, and nothing of what it said.
func TestSpanOfACall(t *testing.T) {
	t.Parallel()
	check := func(url string, to peer, want ...string) {
		t.Helper()
		recorder := tracetest.NewSpanRecorder()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
		ctx, root := provider.Tracer("test").Start(t.Context(), "root")
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("ada@globex.example"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer token-of-acme")
		resp, err := outbound.CallInTrace(to, req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if len(recorder.Ended()) != 1 {
			t.Fatalf("%d spans, want one", len(recorder.Ended()))
		}
		span := recorder.Ended()[0]
		got := []string{span.Name(), span.SpanKind().String(), span.Status().Code.String()}
		for _, a := range span.Attributes() {
			got = append(got, string(a.Key)+"="+a.Value.String())
		}
		slices.Sort(got[3:])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
		if span.Parent().SpanID() != root.SpanContext().SpanID() {
			t.Error("the span hangs elsewhere")
		}
		if text := fmt.Sprint(got, span.Status(), span.Events()); strings.Contains(text, "ada") || strings.Contains(text, "acme.example/") || strings.Contains(text, "token-of-acme") {
			t.Errorf("the span tells too much: %s", text)
		}
	}
	check("https://crm.acme.example/contacts/ada?email=ada%40globex.example", answering(201), "POST", "client", "Unset",
		"http.request.method=POST", "http.response.status_code=201", "server.address=crm.acme.example", "server.port=443", "url.scheme=https")
	check("http://crm.acme.example:8080/", answering(404), "POST", "client", "Error",
		"error.type=404", "http.request.method=POST", "http.response.status_code=404", "server.address=crm.acme.example", "server.port=8080", "url.scheme=http")
	check("http://crm.acme.example/", func(*http.Request) (*http.Response, error) { return nil, errors.New("ada is away") }, "POST", "client", "Error",
		"error.type=network", "http.request.method=POST", "server.address=crm.acme.example", "server.port=80", "url.scheme=http")
}

// TestTraceparent goes with a call in a trace only, and never over one that
// the request has already.
func TestTraceparent(t *testing.T) {
	t.Parallel()
	provider := sdktrace.NewTracerProvider()
	ctx, root := provider.Tracer("test").Start(t.Context(), "root")
	check := func(call func(http.RoundTripper, *http.Request) (*http.Response, error), own, want string) {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://crm.acme.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		if own != "" {
			req.Header.Set("Traceparent", own)
		}
		var got []string
		resp, err := call(peer(func(r *http.Request) (*http.Response, error) {
			got = r.Header.Values("Traceparent")
			return answering(200)(r)
		}), req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if !strings.HasPrefix(strings.Join(got, ","), want) || (want == "") != (len(got) == 0) {
			t.Errorf("traceparent %q, want %q", got, want)
		}
	}
	check(outbound.CallInTrace, "", "00-"+root.SpanContext().TraceID().String())
	check(outbound.CallInTrace, "the-authors-own", "the-authors-own")
	check(outbound.Call, "", "")
	check(outbound.Call, "the-authors-own", "the-authors-own")
}
