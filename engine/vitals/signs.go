package vitals

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// maxDispatcherSilence is how long the dispatcher may be busy with one look
	// into the store.
	maxDispatcherSilence = 30 * time.Second
	// slack is what a worker may need besides the longest time of one try.
	slack = time.Minute
)

// Signs are the signs of life of an engine: the zero value is one that has not
// started. It is safe for concurrent use.
type Signs struct {
	turned  atomic.Int64 // when the dispatcher last came round, in nanoseconds; 0 before the start
	moved   atomic.Int64 // when a worker last began or ended something
	busy    atomic.Int64 // workers with a task
	longest atomic.Int64 // longest time that a try was given
}

// Turn notes that the dispatcher has come round.
func (v *Signs) Turn(now time.Time) { v.turned.Store(now.UnixNano()) }

// Move notes that a worker has begun or ended something; busy is by how many more
// workers have a task now.
func (v *Signs) Move(now time.Time, busy int64) {
	v.moved.Store(now.UnixNano())
	v.busy.Add(busy)
}

// Try notes that a try begins, and how long it may take.
func (v *Signs) Try(now time.Time, timeout time.Duration) {
	v.Move(now, 0)
	for {
		known := v.longest.Load()
		if int64(timeout) <= known || v.longest.CompareAndSwap(known, int64(timeout)) {
			return
		}
	}
}

// UnhealthyReason says why no work is done, or nothing when the engine works.
// poll is the longest pause of the dispatcher, workers how many there are. A slow
// destination or a store that is away is no reason: the engine lives and waits.
func (v *Signs) UnhealthyReason(at time.Time, poll time.Duration, workers int) string {
	now := at.UnixNano()
	if turned := v.turned.Load(); turned != 0 && now-turned > int64(maxDispatcherSilence+poll) {
		return fmt.Sprintf("the engine has not checked for due runs for %s", since(now, turned))
	}
	// Held up for longer than any try may take, all of them at once.
	most := v.longest.Load() + int64(slack)
	if moved := v.moved.Load(); v.busy.Load() >= int64(workers) && now-moved > most {
		return fmt.Sprintf("all %d workers have been stuck for %s", workers, since(now, moved))
	}
	return ""
}

func since(now, then int64) time.Duration { return time.Duration(now - then).Round(time.Second) }
