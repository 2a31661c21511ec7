package clock

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/event"
)

const (
	// tolerance is the largest change of the clock that is ignored.
	tolerance = 5 * time.Minute
	// confirmed is how long a clock must stay ahead before it is trusted, and
	// removalConfirmed before anything is removed by it.
	confirmed        = 5 * time.Minute
	removalConfirmed = time.Hour
	// quiet is how old the newest stored event may be at the start for the
	// clock to be trusted at once.
	quiet = 24 * time.Hour
)

// Clock is the computer's clock with checks. What a clock that is days ahead
// does within a minute cannot be undone: reminders are sent, and old events
// are removed. So the wall clock is compared with the monotonic clock.
//
// Jump ahead: Now continues from before the jump until the clock has stayed
// ahead for confirmed. Jump back: trusted at once, because it was ahead
// before. Start: if the newest stored event is older than quiet, what fell due
// since then waits for confirmed.
//
// Nothing is removed for removalConfirmed after each of them. An event whose
// own time agrees with the clock ends all doubts.
type Clock struct {
	log *slog.Logger
	// ahead is how far tests move the wall clock ahead; nil otherwise.
	ahead func() time.Duration

	mu       sync.Mutex
	base     time.Time // when the clock was last trusted, with its monotonic reading
	wall     time.Time // what it showed then
	held     bool      // it is ahead of what has passed since base
	since    time.Time // when held, or the doubt about pruning, began
	doubtful bool      // pruning waits
	newest   time.Time // received last before the start; zero once the clock is trusted
}

// New returns a clock that trusts the time it starts with.
func New(log *slog.Logger) *Clock {
	now := time.Now()
	return &Clock{log: log, base: now, wall: now.Round(0)}
}

// read returns the time with its monotonic reading, and the time of the wall
// clock.
func (c *Clock) read() (now, wall time.Time) {
	now = time.Now()
	wall = now.Round(0)
	if c.ahead != nil {
		wall = wall.Add(c.ahead())
	}
	return now, wall
}

// Now returns the time to use.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, wall := c.read()
	passed := now.Sub(c.base)
	jump := wall.Sub(c.wall) - passed
	switch {
	case jump < tolerance:
		c.near(now, jump)
	case !c.held:
		c.held, c.since, c.doubtful = true, now, true
		c.log.Warn("the clock jumped ahead; waits and the removal of old events use elapsed time until it is confirmed",
			"by", jump.Round(time.Second).String(), "clock", wall, "confirmed_in", confirmed.String())
	case now.Sub(c.since) >= confirmed:
		c.log.Warn("the clock stayed ahead and is now trusted", "by", jump.Round(time.Second).String(), "clock", wall)
		c.held, c.since = false, now
	}
	if !c.held {
		c.base, c.wall = now, wall
	}
	if c.ahead == nil {
		return c.base.Add(now.Sub(c.base))
	}
	return c.wall.Add(now.Sub(c.base))
}

// near is called when the clock is not ahead.
func (c *Clock) near(now time.Time, jump time.Duration) {
	switch {
	case c.held:
		c.log.Warn("the clock is back")
		c.held, c.since = false, now
	case jump < -tolerance:
		c.log.Warn("the clock was set back", "by", (-jump).Round(time.Second).String())
		c.since, c.doubtful = now, true
	}
}

// Events reads stored events.
type Events interface {
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
}

// Started compares the clock with the newest stored event.
func (c *Clock) Started(ctx context.Context, s Events) error {
	list, err := s.Events(ctx, event.EventFilter{Limit: 1})
	if err != nil {
		return fmt.Errorf("compare the clock with the newest event: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	now := c.Now()
	newest := list[0].Event.Received
	c.mu.Lock()
	defer c.mu.Unlock()
	switch age := now.Sub(newest); {
	case age > quiet:
		c.newest, c.since, c.doubtful = newest, time.Now(), true
		c.log.Info("no event stored in the last day, so the clock may be wrong; runs that fell due wait",
			"newest", newest, "clock", now, "confirmed_in", confirmed.String())
	case age < -tolerance:
		c.since, c.doubtful = time.Now(), true
		c.log.Warn("the newest stored event is from the future: the clock is behind, or was ahead", "newest", newest, "clock", now)
	}
	return nil
}

// Due returns the time up to which runs count as due.
func (c *Clock) Due() time.Time {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newest.IsZero() {
		return now
	}
	if time.Since(c.since) >= confirmed {
		c.newest = time.Time{}
		return now
	}
	return c.newest.Add(quiet)
}

// Witness compares the clock with the times of an event.
func (c *Clock) Witness(times ...time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.held && !c.doubtful {
		return
	}
	now, wall := c.read()
	for _, t := range times {
		if d := wall.Sub(t); !t.IsZero() && d < tolerance && d > -tolerance {
			c.log.Info("an event confirms the clock", "clock", wall)
			c.held, c.doubtful, c.newest = false, false, time.Time{}
			c.base, c.wall = now, wall
			return
		}
	}
}

// Receive sets when an event was received, after its own times have been used
// to check the clock.
func (c *Clock) Receive(ev *event.Event) {
	if ev.Timestamp.Equal(ev.Received) {
		c.Witness(ev.DeliveryTimestamp) // the event has no time of its own
		ev.Received = c.Now()
		ev.Timestamp = ev.Received
		return
	}
	c.Witness(ev.DeliveryTimestamp, ev.Timestamp)
	ev.Received = c.Now()
}

// Doubt says why nothing is removed now; empty when the clock is trusted.
func (c *Clock) Doubt() string {
	c.Now() // updates the state
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.held:
		return fmt.Sprintf("The clock jumped ahead to %s. It is trusted after %s or when an event confirms it; until then waits use elapsed time, and nothing is removed.",
			c.shown(), confirmed)
	case c.doubtful && time.Since(c.since) >= removalConfirmed:
		c.doubtful = false
	case c.doubtful && !c.newest.IsZero():
		return fmt.Sprintf("No event is stored for the day before %s, so the clock may be wrong. Unless an event confirms it, runs that fell due wait for %s, and nothing is removed for %s.",
			c.shown(), confirmed, removalConfirmed)
	case c.doubtful:
		return fmt.Sprintf("The clock (%s) was wrong, or Gavel was down for a long time. Nothing is removed for %s unless an event confirms the clock.", c.shown(), removalConfirmed)
	}
	return ""
}

func (c *Clock) shown() string {
	_, wall := c.read()
	return event.TimeText(wall)
}

// Register adds the metric.
func (c *Clock) Register(m *metrics.Metrics) {
	m.Flag("clock_doubted", "1 while the clock may be wrong, so that nothing is removed.",
		func() bool { return c.Doubt() != "" })
}
