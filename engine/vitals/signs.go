package vitals

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// maxDispatcherSilence is how long one check for due runs may take.
	maxDispatcherSilence = 30 * time.Second
	// slack is the time a worker may need besides the longest timeout.
	slack = time.Minute
)

// Signs record the progress of an engine. The zero value is that of one that has
// not started. It is safe for concurrent use.
type Signs struct {
	turned  atomic.Int64 // when the dispatcher last checked for due runs, in Unix nanoseconds; 0 before the start
	moved   atomic.Int64 // when a worker last began or ended something
	busy    atomic.Int64 // workers with a task
	longest atomic.Int64 // longest timeout of an attempt so far
}

// Turn records that the dispatcher checked for due runs.
func (v *Signs) Turn(now time.Time) { v.turned.Store(now.UnixNano()) }

// Move records that a worker began or ended something. busy is the change of the
// number of workers with a task.
func (v *Signs) Move(now time.Time, busy int64) {
	v.moved.Store(now.UnixNano())
	v.busy.Add(busy)
}

// Try records the start of an attempt and its timeout.
func (v *Signs) Try(now time.Time, timeout time.Duration) {
	v.Move(now, 0)
	for {
		known := v.longest.Load()
		if int64(timeout) <= known || v.longest.CompareAndSwap(known, int64(timeout)) {
			return
		}
	}
}

// UnhealthyReason says why the engine does not work, or returns "". poll is the
// longest pause of the dispatcher, workers the number of workers. A slow
// destination or an unreachable store is not a reason.
func (v *Signs) UnhealthyReason(at time.Time, poll time.Duration, workers int) string {
	now := at.UnixNano()
	if turned := v.turned.Load(); turned != 0 && now-turned > int64(maxDispatcherSilence+poll) {
		return fmt.Sprintf("the engine has not checked for due runs for %s", since(now, turned))
	}
	// All workers have been busy for longer than any attempt may take.
	most := v.longest.Load() + int64(slack)
	if moved := v.moved.Load(); v.busy.Load() >= int64(workers) && now-moved > most {
		return fmt.Sprintf("all %d workers have been stuck for %s", workers, since(now, moved))
	}
	return ""
}

func since(now, then int64) time.Duration { return time.Duration(now - then).Round(time.Second) }
