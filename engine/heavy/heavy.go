// Package heavy bounds the memory that runs of large events use. Most events have
// 2 kB, but each may have a megabyte, and an action makes several copies of it.
package heavy

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/gavel-rules/gavel/event"
)

const (
	// light is the size of a body that is not worth a limit, in bytes.
	light = 16 << 10
	// fewLoads and manyLoads bound how many events of unknown size are read from
	// the store at a time.
	fewLoads, manyLoads = 2, 16
	// parkedAtMost is how many leased runs may wait in memory for room.
	parkedAtMost = 128
)

// Light returns the event if it may stay in memory while its run waits for a
// worker, else nil: it is then read from the store again.
func Light(ev *event.Event) *event.Event {
	if ev != nil && len(ev.Body) > light {
		return nil
	}
	return ev
}

// Lane lets large events through a few at a time. Those that have to wait keep no
// worker, so that a slow destination of large events delays no others.
type Lane struct {
	most  int64
	loads *semaphore.Weighted

	mu      sync.Mutex
	held    int64
	waiting []waiter // in order
}

type waiter struct {
	size   int64
	resume func(*Pass)
}

// New returns a Lane for that many bytes of large bodies at once. One that is
// larger has the lane for itself.
func New(most int64) *Lane {
	return &Lane{most: most, loads: semaphore.NewWeighted(min(manyLoads, max(fewLoads, most>>20)))}
}

// Pass is one run in the lane. Leave must be called at its end.
type Pass struct {
	lane    *Lane
	loading bool
	held    int64
}

// Enter begins a run, or continues with the pass with which it was resumed; loading
// says that its event must be read from the store. It waits while many are read. An
// error is that of ctx.
func (l *Lane) Enter(ctx context.Context, p *Pass, loading bool) (*Pass, error) {
	if p == nil {
		p = &Pass{lane: l}
	}
	if loading {
		if err := l.loads.Acquire(ctx, 1); err != nil {
			return p, err
		}
		p.loading = true
	}
	return p, nil
}

// Room is the answer to Weigh.
type Room int

// The answers to Weigh.
const (
	Enough Room = iota // go on
	Parked             // resume is called once there is room, with a pass that has it
	Full               // come back later
)

// Weigh asks for room for an event that is now in memory. A parked one must be let
// go of and read again.
func (p *Pass) Weigh(ev *event.Event, resume func(*Pass)) Room {
	defer p.loaded()
	size := min(int64(len(ev.Body)), p.lane.most)
	if size <= light || p.held > 0 {
		return Enough
	}
	l := p.lane
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.waiting) == 0 && l.held+size <= l.most:
		l.held += size
		p.held = size
		return Enough
	case len(l.waiting) >= parkedAtMost:
		return Full
	}
	l.waiting = append(l.waiting, waiter{size, resume})
	return Parked
}

func (p *Pass) loaded() {
	if p.loading {
		p.lane.loads.Release(1)
	}
	p.loading = false
}

// Leave makes room for others, and resumes those that have it now.
func (p *Pass) Leave() {
	p.loaded()
	held := p.held
	p.held = 0
	if held == 0 {
		return
	}
	for _, w := range p.lane.release(held) {
		w.resume(&Pass{lane: p.lane, held: w.size})
	}
}

func (l *Lane) release(held int64) (resumed []waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held -= held
	for len(l.waiting) > 0 && l.held+l.waiting[0].size <= l.most {
		l.held += l.waiting[0].size
		resumed = append(resumed, l.waiting[0])
		l.waiting[0] = waiter{}
		l.waiting = l.waiting[1:]
	}
	return resumed
}
