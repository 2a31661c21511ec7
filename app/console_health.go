package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/rules"
)

const (
	// deaf is how long the engine may go without a look for due runs before it
	// counts as dead; it looks at least once a second.
	deaf = 30 * time.Second
	// probeEach is how often the store is tried with a write.
	probeEach = 5 * time.Second
)

// health is what the readiness probe looks at.
type health struct {
	*App

	mu     sync.Mutex
	probed time.Time
	last   string
}

func newHealth(a *App) *health { return &health{App: a} }

// Ready implements console.Health. Rules on disk that have errors do not end
// readiness: those of the last good load work on.
func (h *health) Ready(ctx context.Context) map[string]string {
	checks := map[string]string{"store": h.store(ctx), "rules": "", "workers": ""}
	if h.live.Current() == nil {
		checks["rules"] = "no rules are loaded"
	}
	if silence := h.watch.pulse.silence(); silence > deaf {
		checks["workers"] = fmt.Sprintf("the engine has not looked for due runs for %s", silence.Round(time.Second))
	}
	return checks
}

// Warnings implements console.Health.
func (h *health) Warnings() map[string]string {
	found := map[string]string{}
	if h.archive != nil {
		if text := h.archive.warning(); text != "" {
			found["archive"] = text
		}
	}
	return found
}

// store tries a write, which a read-only or full disk refuses. Several probes
// share one.
func (h *health) store(ctx context.Context) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.probed) < probeEach {
		return h.last
	}
	set := h.live.Current()
	h.last = ""
	if err := h.App.store.SaveRevision(ctx, set.Revision, rules.EncodeSources(set.Sources), time.Now()); err != nil {
		h.last = err.Error()
	}
	h.probed = time.Now()
	return h.last
}
