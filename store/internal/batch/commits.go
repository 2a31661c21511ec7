package batch

import (
	"sync/atomic"
	"time"
)

// Commits notifies one listener of each commit of shared work.
type Commits struct {
	listener atomic.Pointer[func(operations int, took time.Duration)]
}

// ObserveCommits sets the listener. It is called from several goroutines with
// the number of acceptances and records in a commit and the duration of the
// transaction; it must return quickly.
func (c *Commits) ObserveCommits(listener func(operations int, took time.Duration)) {
	c.listener.Store(&listener)
}

// Tell notifies the listener, if there is one, of a commit that began at
// began.
func (c *Commits) Tell(operations int, began time.Time) {
	if f := c.listener.Load(); f != nil && operations > 0 {
		(*f)(operations, time.Since(began))
	}
}
