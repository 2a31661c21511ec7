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
	// footingEach is how often the database is asked what its promises rest on.
	footingEach = time.Minute
	// footingPatience bounds one such question.
	footingPatience = 5 * time.Second
	// clocksAgree is how far clocks may be apart without a word.
	clocksAgree = 2 * time.Second
)

// Footing watches what the promises of the database rest on: its settings, and
// that its clock is this machine's.
type Footing struct {
	look func(context.Context) (event.Footing, error)
	log  *slog.Logger

	mu     sync.Mutex
	newest event.Footing
}

// NewFooting asks look what the promises rest on.
func NewFooting(look func(context.Context) (event.Footing, error), log *slog.Logger) *Footing {
	return &Footing{look: look, log: log}
}

// Run looks now and then until ctx ends.
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

// refresh tells the log what was not so before. That the database cannot be
// asked shows elsewhere.
func (f *Footing) refresh(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, footingPatience)
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

// warnings adds what people should know.
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
