package testkit

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // or packed spans are refused
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// Collector receives spans over OTLP, by HTTP and by gRPC, on loopback.
type Collector struct {
	URL  string // base address for http/protobuf
	GRPC string // address for grpc

	collectorpb.UnimplementedTraceServiceServer

	mu      sync.Mutex
	answer  http.HandlerFunc // instead of taking the spans
	spans   []Span
	headers []http.Header
}

// Span is one span as received.
type Span struct {
	Trace, ID, Parent string // in hex
	Name, Kind        string
	Status, Message   string // status is "", "OK" or "ERROR"
	Attributes        map[string]string
	Resource          map[string]string
	Links             []string // trace id, span id and tracestate, with hyphens between
	Start, End        uint64   // ns since 1970
}

// NewCollector starts a collector that ends with the test.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	web := httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(web.Close)
	c.URL = web.URL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for spans: %v", err)
	}
	server := grpc.NewServer()
	collectorpb.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(l) }() // its error is that of Stop
	t.Cleanup(server.Stop)
	c.GRPC = "http://" + l.Addr().String()
	return c
}

// Answer makes the collector answer HTTP itself; nil takes spans again.
func (c *Collector) Answer(h http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = h
}

// Spans returns the spans received so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Headers returns the headers of all requests that brought spans.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]http.Header(nil), c.headers...)
}

func (c *Collector) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	answer := c.answer
	c.mu.Unlock()
	if answer != nil {
		// Only after the body does a server notice that the caller has gone.
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
		return
	}
	request, err := decode(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.take(request, r.Header)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func decode(r *http.Request) (*collectorpb.ExportTraceServiceRequest, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		return nil, fmt.Errorf("%s %s with %q brings no spans", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			return nil, fmt.Errorf("unpack: %w", err)
		}
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	request := &collectorpb.ExportTraceServiceRequest{}
	if err := proto.Unmarshal(raw, request); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return request, nil
}

// Export receives spans by gRPC.
func (c *Collector) Export(ctx context.Context, request *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	header := http.Header{}
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		for name, values := range md {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	c.take(request, header)
	return &collectorpb.ExportTraceServiceResponse{}, nil
}

func (c *Collector) take(request *collectorpb.ExportTraceServiceRequest, header http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, header)
	for _, rs := range request.ResourceSpans {
		resource := texts(rs.Resource.GetAttributes())
		for _, scope := range rs.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, newSpan(s, resource))
			}
		}
	}
}

func newSpan(s *tracepb.Span, resource map[string]string) Span {
	out := Span{
		Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId),
		Name: s.Name, Kind: s.Kind.String()[len("SPAN_KIND_"):], Attributes: texts(s.Attributes), Resource: resource,
		Start: s.StartTimeUnixNano, End: s.EndTimeUnixNano, Message: s.Status.GetMessage(),
	}
	switch s.Status.GetCode() {
	case tracepb.Status_STATUS_CODE_OK:
		out.Status = "OK"
	case tracepb.Status_STATUS_CODE_ERROR:
		out.Status = "ERROR"
	}
	for _, link := range s.Links {
		out.Links = append(out.Links, strings.TrimRight(hex.EncodeToString(link.TraceId)+"-"+hex.EncodeToString(link.SpanId)+"-"+link.TraceState, "-"))
	}
	return out
}

func texts(attributes []*commonpb.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range attributes {
		switch v := a.Value.GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[a.Key] = fmt.Sprint(v.IntValue)
		case *commonpb.AnyValue_BoolValue:
			out[a.Key] = fmt.Sprint(v.BoolValue)
		default:
			out[a.Key] = a.Value.String()
		}
	}
	return out
}
