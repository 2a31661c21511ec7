package gate

import (
	"sort"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
)

// maxHosts is the most hosts that are remembered. Their names may come from
// events.
const maxHosts = 512

// Gates has one gate per connection, and one per host that is called without a
// connection. It is safe for concurrent use.
type Gates struct {
	now         func() time.Time
	tell        func(News)
	mu          sync.Mutex
	connections map[string]*Gate
	hosts       map[string]*Gate
}

// New returns the gates of a process, all open. now is the clock. tell, if not
// nil, is called with what becomes new, from several goroutines; it must return
// quickly.
func New(now func() time.Time, tell func(News)) *Gates {
	return &Gates{now: now, tell: tell, connections: map[string]*Gate{}, hosts: map[string]*Gate{}}
}

// hosted is an effect that is sent to a host rather than over a connection.
type hosted interface {
	// Host returns the host and port that it calls.
	Host() string
}

// To returns the gate of a connection, with its current limits, or that of the
// host that an effect calls without one. It returns nil for an effect that calls
// nothing, such as a log line.
func (g *Gates) To(conn *rules.Connection, effect params.Effect) *Gate {
	if conn != nil {
		return g.connection(conn)
	}
	if e, ok := effect.(hosted); ok && e.Host() != "" {
		return g.host(e.Host())
	}
	return nil
}

func (g *Gates) connection(conn *rules.Connection) *Gate {
	limits := conn.Limits
	if limits.MaxInFlight == 0 {
		limits.MaxInFlight = DefaultMaxInFlight
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.connections[conn.Name]
	if known == nil {
		known = newGate("connection "+conn.Name, g.now, g.tell)
		g.connections[conn.Name] = known
	}
	known.setLimits(limits)
	return known
}

func (g *Gates) host(name string) *Gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.hosts[name]
	if known == nil {
		g.forgetHosts()
		known = newGate("host "+name, g.now, g.tell)
		known.setLimits(rules.Limits{MaxInFlight: DefaultMaxInFlight})
		g.hosts[name] = known
	}
	known.used = g.now()
	return known
}

// forgetHosts makes room for one more host: it removes idle ones, or else the
// least recently used one without calls. Hosts with calls are at most as many as
// tasks.
func (g *Gates) forgetHosts() {
	if len(g.hosts) < maxHosts {
		return
	}
	oldest := ""
	for name, h := range g.hosts {
		switch {
		case h.idle():
			delete(g.hosts, name)
		case !h.busy() && (oldest == "" || h.used.Before(g.hosts[oldest].used)):
			oldest = name
		}
	}
	if len(g.hosts) >= maxHosts {
		delete(g.hosts, oldest)
	}
}

// Lift opens all gates manually.
func (g *Gates) Lift() {
	g.mu.Lock()
	var all []*Gate
	for _, group := range []map[string]*Gate{g.connections, g.hosts} {
		for _, gate := range group {
			all = append(all, gate)
		}
	}
	g.mu.Unlock()
	for _, gate := range all {
		gate.Lift()
	}
}

// State is the state of a connection.
type State struct {
	Name        string    `json:"name"`
	InFlight    int       `json:"in_flight"`
	MaxInFlight int       `json:"max_in_flight"`
	Rate        float64   `json:"rate,omitempty"` // per second; 0 means no limit
	Parked      int       `json:"parked"`         // runs waiting in memory for this connection
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Breaker     string    `json:"breaker"` // closed, half-open, open
	// TriedAgain is when an open breaker allows the next call.
	TriedAgain time.Time `json:"tried_again,omitzero"`
	// FailsSince is when it began to fail as a whole, with which Cause; zero while
	// it works.
	FailsSince time.Time   `json:"-"`
	Cause      event.Cause `json:"-"`
}

// States returns the state of the connections, by name. Hosts are left out,
// because their names come from rules and events, and metrics have a label for
// each name.
func (g *Gates) States() []State {
	g.mu.Lock()
	defer g.mu.Unlock()
	var states []State
	for name, gate := range g.connections {
		s := gate.state()
		s.Name = name
		states = append(states, s)
	}
	sort.Slice(states, func(i, j int) bool { return states[i].Name < states[j].Name })
	return states
}
