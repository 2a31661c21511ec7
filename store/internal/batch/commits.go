package batch

import (
	"sync/atomic"
	"time"
)

// Commits tells one listener of each commit of shared work.
type Commits struct {
	listener atomic.Pointer[func(operations int, took time.Duration)]
}

// ObserveCommits names the listener. It is told, from then on and from several
// goroutines, how many acceptances and records shared a commit and how long
// the transaction took; it must return quickly.
func (c *Commits) ObserveCommits(listener func(operations int, took time.Duration)) {
	c.listener.Store(&listener)
}

// Tell tells the listener, if there is one, of a commit that began then.
func (c *Commits) Tell(operations int, began time.Time) {
	if f := c.listener.Load(); f != nil && operations > 0 {
		(*f)(operations, time.Since(began))
	}
}
