package console

import (
	"context"
	"maps"
	"net/http"
	"time"
)

// probePatience bounds how long a readiness probe may take.
const probePatience = 5 * time.Second

func healthy(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (c *Console) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probePatience)
	defer cancel()
	checks, status := c.Health.Ready(ctx), http.StatusOK
	if !fine(checks) {
		status = http.StatusServiceUnavailable
	}
	// What is wrong at the source does not make this process less ready.
	warnings, source := map[string]string{}, c.Source.Source()
	maps.Copy(warnings, c.Health.Warnings())
	for name, n := range c.sourceNotices(&source) {
		warnings[name] = n.plain()
	}
	writeJSON(w, status, map[string]any{"ready": status == http.StatusOK, "checks": checks, "warnings": warnings})
}

// fine reports whether no check has found anything.
func fine(checks map[string]string) bool {
	for _, problem := range checks {
		if problem != "" {
			return false
		}
	}
	return true
}

func (c *Console) reload(w http.ResponseWriter, r *http.Request) {
	revision, findings, ok := c.Reloader.Reload(r.Context())
	status := http.StatusOK
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	writeJSON(w, status, map[string]any{"reloaded": ok, "revision": revision, "findings": findings})
}
