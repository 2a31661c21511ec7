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
	// noticed is by how much the clock may be set while Gavel runs without
	// anybody noticing.
	noticed = 5 * time.Minute
	// confirmed is for how long a clock must stay ahead before it is
	// believed, and removalConfirmed before anything is removed by it.
	confirmed        = 5 * time.Minute
	removalConfirmed = time.Hour
	// quiet is how old the newest stored event may be at the start for the
	// clock to be believed at once.
	quiet = 24 * time.Hour
)

// Clock is the computer's clock, with doubts. What happens by a clock that is
// days ahead for a minute cannot be undone: reminders go out, and old events are
// removed. So the time that passes is compared with that of the monotonic clock.
//
//	jumps ahead   Now continues from before the jump until the clock has stayed
//	              ahead for confirmed
//	jumps back    it is believed at once: then it was ahead before
//	start         what fell due since the last stored event waits for
//	              confirmed when that event is older than quiet
//
// Nothing is removed for removalConfirmed after each of them. An event whose own
// time agrees with the clock ends all doubts.
type Clock struct {
	log *slog.Logger
	// ahead is what the wall clock is off from time.Now; nil in earnest.
	ahead func() time.Duration

	mu       sync.Mutex
	base     time.Time // when the clock was last believed, with its monotonic reading
	wall     time.Time // what it showed then
	held     bool      // it is ahead of what has passed since base
	since    time.Time // when held, or the doubt about pruning, began
	doubtful bool      // pruning waits
	newest   time.Time // received last before the start; zero once the clock is believed
}

// New believes the clock.
func New(log *slog.Logger) *Clock {
	now := time.Now()
	return &Clock{log: log, base: now, wall: now.Round(0)}
}

// read returns the moment with its monotonic reading, and what the wall clock
// shows.
func (c *Clock) read() (now, wall time.Time) {
	now = time.Now()
	wall = now.Round(0)
	if c.ahead != nil {
		wall = wall.Add(c.ahead())
	}
	return now, wall
}

// Now is the time to go by.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, wall := c.read()
	passed := now.Sub(c.base)
	jump := wall.Sub(c.wall) - passed
	switch {
	case jump < noticed:
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
	case jump < -noticed:
		c.log.Warn("the clock was set back", "by", (-jump).Round(time.Second).String())
		c.since, c.doubtful = now, true
	}
}

// Events are the stored events.
type Events interface {
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
}

// Started compares the clock with what a store holds.
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
	case age < -noticed:
		c.since, c.doubtful = time.Now(), true
		c.log.Warn("the newest stored event is from the future: the clock is behind, or was ahead", "newest", newest, "clock", now)
	}
	return nil
}

// Due is the moment up to which runs may be due to be carried out.
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

// Witness compares the clock with the time that an event brings.
func (c *Clock) Witness(times ...time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.held && !c.doubtful {
		return
	}
	now, wall := c.read()
	for _, t := range times {
		if d := wall.Sub(t); !t.IsZero() && d < noticed && d > -noticed {
			c.log.Info("an event confirms the clock", "clock", wall)
			c.held, c.doubtful, c.newest = false, false, time.Time{}
			c.base, c.wall = now, wall
			return
		}
	}
}

// Receive gives an event the time to go by, after its own times were heard as
// witnesses.
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

// Doubt says in words why nothing is removed now; empty when it may be.
func (c *Clock) Doubt() string {
	c.Now() // looks at it
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
