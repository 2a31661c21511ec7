package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/rules"
)

const (
	// probeEach is how often the store is tried with a write while it works,
	// probeSoon while it does not.
	probeEach = 5 * time.Second
	probeSoon = time.Second
	// hangsAfter is how long a write may take before the store counts as
	// hanging, probePatience how long before it is given up.
	hangsAfter    = 5 * time.Second
	probePatience = 30 * time.Second
	// firstLook is how long an answer may wait for a write that has just begun.
	firstLook = 500 * time.Millisecond
)

// health is what the readiness probe looks at.
type health struct {
	write     func(context.Context) error // to the store
	loaded    func() bool                 // rules are in force
	unhealthy func() string               // of the engine
	// troubles are those with single runs, which do not end readiness.
	troubles func() vitals.Troubles
	now      func() time.Time
	spawn    func(func()) // starts what has to end before the store is closed
	archive  *archiver    // nil without an archive
	drifts   *drifts
	leaving  func() bool   // it is being stopped
	doubt    func() string // about the clock
	footing  *footing      // nil when nothing is asked
	// unsigned says that events are taken without a signature.
	unsigned bool

	mu     sync.Mutex
	newest *probe
	last   string // what the newest probe that has ended said
}

// probe is one try to write to the store.
type probe struct {
	began time.Time
	ended time.Time // zero while it is under way
	done  chan struct{}
}

func newHealth(a *App) *health {
	return &health{
		write: func(ctx context.Context) error {
			set := a.live.Current()
			return a.store.SaveRevision(ctx, set.Revision, rules.EncodeSources(set.Sources), time.Now())
		},
		loaded:    func() bool { return a.live.Current() != nil },
		unhealthy: a.engine.UnhealthyReason, troubles: a.engine.Troubles, now: time.Now, spawn: a.background.Go, archive: a.archive, drifts: a.watch.drifts, footing: a.footing,
		leaving: a.leaving.Load, doubt: a.clock.Doubt, unsigned: a.opts.Receiver.AcceptUnsigned,
		last: "the database has not been tried yet",
	}
}

// Ready implements console.Health. Rules on disk that have errors do not end
// readiness: those of the last good load work on.
func (h *health) Ready(ctx context.Context) map[string]string {
	checks := map[string]string{"store": "", "rules": "", "workers": h.unhealthy()}
	if h.leaving() {
		checks["process"] = "Gavel is shutting down"
		return checks
	}
	if h.loaded() {
		checks["store"] = h.store(ctx)
	} else {
		checks["rules"] = "no rules are loaded"
	}
	return checks
}

// Warnings implements console.Health.
func (h *health) Warnings() map[string]string {
	found := map[string]string{}
	if h.unsigned {
		found["unsigned"] = "Events are taken without a signature, so anybody who reaches the address can forge them. " +
			"Start Gavel with --signing-secret instead of --insecure-accept-unsigned."
	}
	if text := h.doubt(); text != "" {
		found["clock"] = text
	}
	if t := h.troubles(); t.Refused > 0 {
		found["unrecorded"] = unrecorded(t)
	}
	if t := h.troubles(); t.Stuck > 0 {
		found["stuck"] = fmt.Sprintf("%s cannot begin and %s tried again for a day: %s",
			counted(t.Stuck, "run"), beside(t.Stuck, "is", "are"), t.StuckBecause)
	}
	if h.drifts != nil {
		if text := h.drifts.warning(); text != "" {
			found["drift"] = text
		}
	}
	if h.footing != nil {
		h.footing.warnings(found)
	}
	if h.archive != nil {
		if text := h.archive.warning(); text != "" {
			found["archive"] = text
		}
	}
	return found
}

// unrecorded says that the database has refused what became of runs.
func unrecorded(t vitals.Troubles) string {
	text := fmt.Sprintf("The database has refused the progress of runs %s since the start; such runs end as failed and send nothing more. The last time: %s",
		counted(t.Refused, "time"), t.RefusedBecause)
	if t.Unrecorded > 0 {
		text += fmt.Sprintf(". %s %s still shown as running, because not even the failure can be stored",
			counted(t.Unrecorded, "run"), beside(t.Unrecorded, "is", "are"))
	}
	return text
}

// counted is a number with its noun.
func counted(n int, noun string) string { return fmt.Sprintf("%d %s", n, beside(n, noun, noun+"s")) }

func beside(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// store says what came of the newest write, which a read-only or full disk
// refuses. The answer does not wait for a store that hangs: the write goes on
// by itself, and all who ask share it.
func (h *health) store(ctx context.Context) string {
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
		if waited := h.now().Sub(p.began); waited >= hangsAfter {
			return fmt.Sprintf("the database has not answered for %s", waited.Round(time.Second))
		}
	}
	return h.last
}

// current returns the newest write, or begins another when that is due.
func (h *health) current() *probe {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.newest; p != nil && (p.ended.IsZero() || h.now().Sub(p.ended) < h.pause()) {
		return p
	}
	p := &probe{began: h.now(), done: make(chan struct{})}
	h.newest = p
	h.spawn(func() { h.try(p) })
	return p
}

func (h *health) pause() time.Duration {
	if h.last != "" {
		return probeSoon
	}
	return probeEach
}

func (h *health) try(p *probe) {
	ctx, cancel := context.WithTimeout(context.Background(), probePatience)
	defer cancel()
	err := h.write(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, p.ended = "", h.now()
	if err != nil {
		h.last = err.Error()
	}
	close(p.done)
}
