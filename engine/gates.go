package engine

import (
	"sort"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/rules"
)

// gates holds one gate per connection.
type gates struct {
	now func() time.Time
	mu  sync.Mutex
	all map[string]*gate
}

func newGates(now func() time.Time) *gates { return &gates{now: now, all: map[string]*gate{}} }

// get returns the gate of a connection, brought to its present limits. A nil
// connection (a log line, a call to a whole URL) has a gate without limits.
func (g *gates) get(conn *rules.Connection) *gate {
	name, limits := "", rules.Limits{MaxInFlight: 1 << 20}
	if conn != nil {
		name, limits = conn.Name, conn.Limits
		if limits.MaxInFlight == 0 {
			limits.MaxInFlight = DefaultMaxInFlight
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.all[name]
	if known == nil {
		known = newGate(name, g.now)
		g.all[name] = known
	}
	known.setLimits(limits)
	return known
}

// ConnectionState is how a destination stands, for people to see.
type ConnectionState struct {
	Name        string    `json:"name"`
	InFlight    int       `json:"in_flight"`
	MaxInFlight int       `json:"max_in_flight"`
	Rate        float64   `json:"rate,omitempty"` // per second; 0 means no limit
	Parked      int       `json:"parked"`         // runs waiting in memory for this connection
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Breaker     string    `json:"breaker"` // closed, half-open, open
	// TriedAgain is when an open breaker lets the next try through.
	TriedAgain time.Time `json:"tried_again,omitzero"`
}

func (g *gates) states() []ConnectionState {
	g.mu.Lock()
	defer g.mu.Unlock()
	var states []ConnectionState
	for name, gate := range g.all {
		if name != "" {
			states = append(states, gate.state())
		}
	}
	sort.Slice(states, func(i, j int) bool { return states[i].Name < states[j].Name })
	return states
}
