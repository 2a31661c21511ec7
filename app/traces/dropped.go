package traces

import (
	"os"
	"strconv"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// queued is a processor that passes spans to an exporter through a bounded
// queue. The library drops what does not fit silently, so the spans are
// counted on both sides of the queue.
type queued struct {
	sdktrace.SpanProcessor
	ended atomic.Int64
}

// OnEnd implements sdktrace.SpanProcessor.
func (q *queued) OnEnd(s sdktrace.ReadOnlySpan) {
	if s.SpanContext().IsSampled() {
		q.ended.Add(1)
	}
	q.SpanProcessor.OnEnd(s)
}

func newQueued(e sdktrace.SpanExporter, t *troubles) *queued {
	w := &watched{SpanExporter: e, troubles: t}
	w.from = &queued{SpanProcessor: sdktrace.NewBatchSpanProcessor(w)}
	// At most a full queue and the batch being built are waiting.
	w.waiting = int64(limit("OTEL_BSP_MAX_QUEUE_SIZE", sdktrace.DefaultMaxQueueSize) + limit("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", sdktrace.DefaultMaxExportBatchSize))
	return w.from
}

// limit reads a number that Read has checked.
func limit(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}
