package console

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/words"
)

// probeTimeout bounds how long a readiness probe may take.
const probeTimeout = 5 * time.Second

func healthy(w http.ResponseWriter, _ *http.Request) {
	answer.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (c *Console) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	checks, status := c.Health.Ready(ctx), http.StatusOK
	if !backend.Fine(checks) {
		status = http.StatusServiceUnavailable
	}
	// A problem of the event source does not make this process less ready.
	warnings, source := map[string]string{}, c.Source.Report()
	maps.Copy(warnings, c.Health.Warnings())
	for name, n := range words.SourceNotices(&source, c.Now()) {
		warnings[name] = n.Plain()
	}
	answer.WriteJSON(w, status, map[string]any{"ready": status == http.StatusOK, "checks": checks, "warnings": warnings})
}

func (c *Console) reload(w http.ResponseWriter, r *http.Request) {
	revision, findings, ok := c.Reloader.Reload(r.Context())
	status := http.StatusOK
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	answer.WriteJSON(w, status, map[string]any{"reloaded": ok, "revision": revision, "findings": findings})
}
