package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// countsFor is how long totals are shown before they are counted again:
	// counting reads an index entry of every run, and several pages and
	// scrapers ask.
	countsFor = 3 * time.Second
	// countShare bounds the part of the time spent counting.
	countShare = 20
	// countsAtMost is how old totals may be to be shown while new ones are
	// counted.
	countsAtMost = time.Minute
	// countTimeout bounds one count.
	countTimeout = time.Minute
)

// Counts counts stored events and runs, once at a time however many ask.
// During a count it answers with the previous totals, if they are recent
// enough.
type Counts struct {
	count func(context.Context) (event.Counts, error)
	now   func() time.Time
	spawn func(func()) // starts a goroutine that ends before the store is closed

	mu      sync.Mutex
	last    event.Counts
	err     error
	counted time.Time     // when last was; zero before the first
	took    time.Duration // the last count
	running chan struct{} // closed when the current count has ended; nil when there is none
}

// NewCounts returns totals from count; spawn starts a goroutine that ends
// before the store is closed.
func NewCounts(count func(context.Context) (event.Counts, error), spawn func(func())) *Counts {
	return &Counts{count: count, now: time.Now, spawn: spawn}
}

// Counts returns totals that may be some seconds old.
func (c *Counts) Counts(ctx context.Context) (event.Counts, error) {
	c.mu.Lock()
	age := c.now().Sub(c.counted)
	known := !c.counted.IsZero() && c.err == nil
	if known && age < max(countsFor, countShare*c.took) {
		defer c.mu.Unlock()
		return c.last, nil
	}
	if c.running == nil {
		c.running = make(chan struct{})
		done := c.running
		c.spawn(func() { c.again(context.WithoutCancel(ctx), done) })
	}
	if known && age < countsAtMost {
		defer c.mu.Unlock()
		return c.last, nil
	}
	running := c.running
	c.mu.Unlock()
	select {
	case <-running:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.last, c.err
	case <-ctx.Done():
		return event.Counts{}, ctx.Err()
	}
}

func (c *Counts) again(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	began := c.now()
	counts, err := c.count(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.err, c.counted, c.took = counts, err, c.now(), c.now().Sub(began)
	c.running = nil
	close(done)
}
