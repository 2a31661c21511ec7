package traces

import (
	"context"
	"log/slog"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/time/rate"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/privacy"
)

// tellEvery is how often, at most, a failing collector is reported.
const tellEvery = time.Minute

// troubles logs failures of the collector, at a limited rate.
type troubles struct {
	log       *slog.Logger
	collector string
	redact    *privacy.Gate
	limiter   *rate.Limiter // of failures
	overflow  *rate.Limiter // of dropped spans

	mu      sync.Mutex
	lost    int   // lost spans not reported yet
	told    bool  // a failure was reported
	dropped int64 // dropped spans not reported yet
}

func newTroubles(log *slog.Logger, s *Settings) *troubles {
	return &troubles{
		log: log, collector: s.collector, redact: privacy.GateFor(s.secrets...),
		limiter: rate.NewLimiter(rate.Every(tellEvery), 1), overflow: rate.NewLimiter(rate.Every(tellEvery), 1),
	}
}

// Handle receives errors of the library.
func (t *troubles) Handle(err error) { t.failed(err, 0) }

func (t *troubles) failed(err error, spans int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lost += spans
	if !t.limiter.Allow() {
		return
	}
	t.log.Warn("cannot send spans", "collector", t.collector, "lost", t.lost, "error", outbound.Excerpt([]byte(err.Error()), t.redact.Text))
	t.lost, t.told = 0, true
}

func (t *troubles) sent() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.told {
		return
	}
	t.log.Info("sending spans works again", "collector", t.collector, "lost", t.lost)
	t.lost, t.told = 0, false
}

func (t *troubles) overflowed(spans int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropped += spans
	if t.dropped == 0 || !t.overflow.Allow() {
		return
	}
	t.log.Warn("span queue is full; sample traces with OTEL_TRACES_SAMPLER or raise OTEL_BSP_MAX_QUEUE_SIZE", "dropped", t.dropped)
	t.dropped = 0
}

// watched is an exporter that reports its failures. The queue in front of it
// makes one call at a time.
type watched struct {
	sdktrace.SpanExporter
	troubles *troubles
	from     *queued
	waiting  int64 // spans that can wait in the queue
	seen     int64 // spans that came out of it, or are known to be dropped
}

// ExportSpans implements sdktrace.SpanExporter.
func (w *watched) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	w.seen += int64(len(spans))
	if over := w.from.ended.Load() - w.seen - w.waiting; over > 0 {
		w.seen += over
		w.troubles.overflowed(over)
	}
	if err := w.SpanExporter.ExportSpans(ctx, spans); err != nil {
		w.troubles.failed(err, len(spans))
		return nil // reported already
	}
	w.troubles.sent()
	return nil
}
