package receiver

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// journal logs rejected requests, rate-limited so that bad requests cannot
// fill a disk. It never logs a body or a header value.
type journal struct {
	log        *slog.Logger
	limiter    *rate.Limiter
	suppressed atomic.Int64
}

func newJournal(log *slog.Logger) *journal {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &journal{log: log, limiter: rate.NewLimiter(rate.Every(time.Second), 10)}
}

func (j *journal) rejected(req *http.Request, rej *rejection, now time.Time) {
	if !j.limiter.AllowN(now, 1) {
		j.suppressed.Add(1)
		return
	}
	attrs := []slog.Attr{
		slog.String("reason", string(rej.reason)),
		slog.Int("status", rej.status),
		slog.String("remote", req.RemoteAddr),
		slog.Int64("suppressed", j.suppressed.Swap(0)),
	}
	if rej.err != nil {
		attrs = append(attrs, slog.String("error", rej.err.Error()))
	}
	j.log.LogAttrs(req.Context(), slog.LevelWarn, "request rejected", attrs...)
}
