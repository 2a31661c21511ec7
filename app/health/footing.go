package health

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/event"
)

const (
	// footingEach is how often the database is checked.
	footingEach = time.Minute
	// footingTimeout bounds one check.
	footingTimeout = 5 * time.Second
	// clocksAgree is the largest difference between two clocks that is not
	// reported.
	clocksAgree = 2 * time.Second
)

// Footing watches what the guarantees of the database depend on: its settings,
// and that its clock agrees with this machine's.
type Footing struct {
	look func(context.Context) (event.Footing, error)
	log  *slog.Logger

	mu     sync.Mutex
	newest event.Footing
}

// NewFooting returns a Footing that asks the database with look.
func NewFooting(look func(context.Context) (event.Footing, error), log *slog.Logger) *Footing {
	return &Footing{look: look, log: log}
}

// Run checks the database repeatedly until ctx ends.
func (f *Footing) Run(ctx context.Context) {
	ticker := time.NewTicker(footingEach)
	defer ticker.Stop()
	for {
		f.refresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// refresh logs what is new. An unreachable database is reported elsewhere.
func (f *Footing) refresh(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, footingTimeout)
	defer cancel()
	now, err := f.look(limited)
	if err != nil {
		return
	}
	f.mu.Lock()
	before := f.newest
	f.newest = now
	f.mu.Unlock()
	for _, text := range now.Unsafe {
		if !slices.Contains(before.Unsafe, text) {
			f.log.Warn("acknowledged events may be lost", "cause", text)
		}
	}
	switch differ, did := apart(now), apart(before); {
	case differ && !did:
		f.log.Warn("clocks differ", "cause", clocks(now))
	case did && !differ:
		f.log.Info("clocks agree again")
	}
}

func apart(f event.Footing) bool { return f.ClockAhead.Abs() > clocksAgree }

func clocks(f event.Footing) string {
	which := "ahead of"
	if f.ClockAhead < 0 {
		which = "behind"
	}
	return fmt.Sprintf("The clock of this machine is %s %s that of the database. Leases use the database clock; waits, conditions and the history use this one: "+
		"set up NTP on both machines.", f.ClockAhead.Abs().Round(time.Second), which)
}

func (f *Footing) state() event.Footing {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newest
}

// warnings adds what people should know to found.
func (f *Footing) warnings(found map[string]string) {
	now := f.state()
	for i, text := range now.Unsafe {
		found[fmt.Sprintf("database-%d", i+1)] = text
	}
	if apart(now) {
		found["clock"] = clocks(now)
	}
}

// Register adds the metrics.
func (f *Footing) Register(m *metrics.Metrics) {
	m.Gauge("database_clock_ahead_seconds", "How far this machine's clock is ahead of the database's; negative when it is behind.",
		func() float64 { return f.state().ClockAhead.Seconds() })
	m.Gauge("database_unsafe_settings", "Database settings that can lose acknowledged events.",
		func() float64 { return float64(len(f.state().Unsafe)) })
}
