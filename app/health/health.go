package health

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/engine/vitals"
)

const (
	// probeEach is how often the store is tested with a write while it works,
	// probeSoon while it does not.
	probeEach = 5 * time.Second
	probeSoon = time.Second
	// hangsAfter is how long a write may take before the store counts as
	// hanging, probeTimeout how long before it is canceled.
	hangsAfter   = 5 * time.Second
	probeTimeout = 30 * time.Second
	// firstLook is how long an answer waits for a write that has just begun.
	firstLook = 500 * time.Millisecond
)

// Options are what Health checks.
type Options struct {
	Write   func(context.Context) error // to the store
	Loaded  func() bool                 // rules are in force
	Workers func() string               // why the engine's workers are stuck; empty when they are not
	// Stuck says why the engine makes no progress at all; empty when it does.
	Stuck func() string
	// Troubles are problems of single runs, which do not end readiness.
	Troubles func() vitals.Troubles
	Now      func() time.Time
	Spawn    func(func()) // starts a goroutine that ends before the store is closed
	Leaving  func() bool  // Gavel is shutting down
	// Clock and Archive describe their problem; empty when there is none.
	Clock, Archive func() string
	Backups        func() string // may be nil
	Drifts         *Drifts
	Footing        *Footing
	Size           *Size // nil when it is not watched
	// Unsigned says that unsigned events are accepted.
	Unsigned bool
}

// Health says whether Gavel works.
type Health struct {
	Options

	mu     sync.Mutex
	newest *probe
	last   string // result of the newest finished probe
}

// New returns a Health that has not checked anything yet.
func New(o Options) *Health {
	return &Health{Options: o, last: "the database has not been checked yet"}
}

// probe is one attempt to write to the store.
type probe struct {
	began time.Time
	ended time.Time // zero while in progress
	done  chan struct{}
}

// Ready implements backend.Health. Rules on disk that have errors do not end
// readiness: the previous rules are still active.
func (h *Health) Ready(ctx context.Context) map[string]string {
	checks := map[string]string{"store": "", "rules": "", "workers": h.Workers()}
	if h.Leaving() {
		checks["process"] = "Gavel is shutting down"
		return checks
	}
	if h.Loaded() {
		checks["store"] = h.store(ctx)
	} else {
		checks["rules"] = "no rules are loaded"
	}
	return checks
}

// Summary says in one line whether Gavel is ready.
func (h *Health) Summary(ctx context.Context) string {
	checks := h.Ready(ctx)
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if checks[name] != "" {
			return "not ready: " + checks[name]
		}
	}
	return "ready"
}

// Deadlock says why the engine makes no progress although the database answers,
// so that a restart may help; empty otherwise.
func (h *Health) Deadlock(ctx context.Context) string {
	if reason := h.Stuck(); reason != "" && h.store(ctx) == "" {
		return reason
	}
	return ""
}

// Warnings implements backend.Health.
func (h *Health) Warnings() map[string]string {
	found := map[string]string{}
	if h.Unsigned {
		found["unsigned"] = "Events are accepted without a signature, so anyone who can reach the address can forge them. " +
			"Start Gavel with --signing-secret instead of --insecure-accept-unsigned."
	}
	if text := h.Clock(); text != "" {
		found["clock"] = text
	}
	if t := h.Troubles(); t.Refused > 0 {
		found["unrecorded"] = unrecorded(t)
	}
	if t := h.Troubles(); t.Stuck > 0 {
		found["stuck"] = fmt.Sprintf("%s cannot start and %s retried for a day: %s",
			counted(t.Stuck, "run"), beside(t.Stuck, "is", "are"), t.StuckBecause)
	}
	if text := h.Drifts.warning(); text != "" {
		found["drift"] = text
	}
	h.Footing.warnings(found)
	h.Size.warnings(found)
	if text := h.Archive(); text != "" {
		found["archive"] = text
	}
	if h.Backups != nil {
		if text := h.Backups(); text != "" {
			found["backup"] = text
		}
	}
	return found
}

// unrecorded says that the database has rejected updates of runs.
func unrecorded(t vitals.Troubles) string {
	text := fmt.Sprintf("The database has rejected updates of runs %s since the start; these runs fail and send nothing more. Last error: %s",
		counted(t.Refused, "time"), t.RefusedBecause)
	if t.Unrecorded > 0 {
		text += fmt.Sprintf(". %s %s still shown as running, because the failure cannot be stored either",
			counted(t.Unrecorded, "run"), beside(t.Unrecorded, "is", "are"))
	}
	return text
}

// counted returns a number with its noun.
func counted(n int, noun string) string { return fmt.Sprintf("%d %s", n, beside(n, noun, noun+"s")) }

func beside(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// store returns the result of the newest write; a read-only or full disk
// rejects it. The answer does not wait for a store that hangs: the write
// continues in the background, and all callers share it.
func (h *Health) store(ctx context.Context) string {
	p := h.current()
	timer := time.NewTimer(firstLook)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.ended.IsZero() {
		if waited := h.Now().Sub(p.began); waited >= hangsAfter {
			return fmt.Sprintf("the database has not answered for %s", waited.Round(time.Second))
		}
	}
	return h.last
}

// current returns the newest write, or begins another when it is due.
func (h *Health) current() *probe {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.newest; p != nil && (p.ended.IsZero() || h.Now().Sub(p.ended) < h.pause()) {
		return p
	}
	p := &probe{began: h.Now(), done: make(chan struct{})}
	h.newest = p
	h.Spawn(func() { h.try(p) })
	return p
}

func (h *Health) pause() time.Duration {
	if h.last != "" {
		return probeSoon
	}
	return probeEach
}

func (h *Health) try(p *probe) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	err := h.Write(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, p.ended = "", h.Now()
	if err != nil {
		h.last = err.Error()
	}
	close(p.done)
}
