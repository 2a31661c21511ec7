// Package heavy bounds the memory that runs of large events use. Most events have
// 2 kB, but each may have a megabyte, and an action makes several copies of it.
package heavy

import (
	"context"

	"golang.org/x/sync/semaphore"

	"github.com/gavel-rules/gavel/event"
)

const (
	// light is the size of a body that is not worth a limit, in bytes.
	light = 16 << 10
	// fewLoads and manyLoads bound how many events of unknown size are read from
	// the store at a time.
	fewLoads, manyLoads = 2, 16
)

// Light returns the event if it may stay in memory while its run waits for a
// worker, else nil: it is then read from the store again.
func Light(ev *event.Event) *event.Event {
	if ev != nil && len(ev.Body) > light {
		return nil
	}
	return ev
}

// Lane lets large events through a few at a time. Others do not wait.
type Lane struct {
	most         int64
	bytes, loads *semaphore.Weighted
}

// New returns a Lane for that many bytes of large bodies at once. One that is
// larger has the lane for itself.
func New(most int64) *Lane {
	return &Lane{most: most, bytes: semaphore.NewWeighted(most), loads: semaphore.NewWeighted(min(manyLoads, max(fewLoads, most>>20)))}
}

// Pass is one run in the lane. Leave must be called at its end.
type Pass struct {
	lane    *Lane
	loading bool
	held    int64
}

// Enter begins a run; loading says that its event must be read from the store. It
// waits while many are read. An error is that of ctx.
func (l *Lane) Enter(ctx context.Context, loading bool) (*Pass, error) {
	p := &Pass{lane: l}
	if loading {
		if err := l.loads.Acquire(ctx, 1); err != nil {
			return p, err
		}
		p.loading = true
	}
	return p, nil
}

// Weigh waits until there is room for an event that is now in memory. An error is
// that of ctx.
func (p *Pass) Weigh(ctx context.Context, ev *event.Event) error {
	if size := min(int64(len(ev.Body)), p.lane.most); size > light {
		if err := p.lane.bytes.Acquire(ctx, size); err != nil {
			return err
		}
		p.held = size
	}
	p.loaded()
	return nil
}

func (p *Pass) loaded() {
	if p.loading {
		p.lane.loads.Release(1)
	}
	p.loading = false
}

// Leave makes room for others.
func (p *Pass) Leave() {
	p.loaded()
	if p.held > 0 {
		p.lane.bytes.Release(p.held)
	}
	p.held = 0
}
