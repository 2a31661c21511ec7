package app

import (
	"cmp"
	"net"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/receiver"
)

const (
	// mostConnections is the limit of the receiver on a machine with enough memory
	// and files, mostOfOne that of one sender.
	mostConnections = 8192
	mostOfOne       = 512
	// The console address is used by a few people and programs only.
	mostConsole      = 1024
	mostConsoleOfOne = 256
	// usualWorkers is how many actions run at once by default.
	usualWorkers = 64
)

// connections returns how many connections may be open for events.
func (o *Options) connections() receiver.Connections {
	c := o.Connections
	wanted := cmp.Or(c.Total, o.Memory.Connections(mostConnections))
	c.Total = o.Files.Connections(wanted, o.Files.Console(mostConsole), o.workers())
	if c.Total < wanted {
		o.Logger.Warn("fewer connections than wanted, because this process may not open more files; raise the limit (LimitNOFILE, ulimit -n)",
			"connections", c.Total, "wanted", wanted, "files", int(o.Files))
	}
	c.Proxied = o.tellProxied()
	c.PerSource = cmp.Or(c.PerSource, min(mostOfOne, max(1, c.Total/2)))
	return c
}

// consoleConnections returns how many connections may be open to the console.
func (o *Options) consoleConnections() receiver.Connections {
	most := min(o.Files.Console(mostConsole), o.Memory.Connections(mostConsole))
	return receiver.Connections{Total: most, PerSource: min(mostConsoleOfOne, max(1, most/2))}
}

// workers returns how many actions run at once.
func (o *Options) workers() int { return cmp.Or(o.Workers, o.Memory.Workers(usualWorkers)) }

// limits returns what all requests together may cost.
func (o *Options) limits() receiver.Limits {
	l := o.Receiver.Limits.Defaults()
	l.InFlight = o.Memory.Bodies(l.Body, l.InFlight)
	l.Requests = o.Memory.Connections(l.Requests)
	return l
}

// tellProxied returns what logs, once a minute, that a load balancer speaks the
// PROXY protocol.
func (o *Options) tellProxied() func(net.Addr) {
	var mu sync.Mutex
	var last time.Time
	return func(from net.Addr) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(last) >= time.Minute {
			last = now
			o.Logger.Warn("connection refused: it begins with a header of the PROXY protocol, which is not supported; "+
				"turn it off at the load balancer, let it send X-Forwarded-For, and name it in --trusted-proxies", "remote", from.String())
		}
	}
}

// idle is how long a connection may be kept without a request: longer than load
// balancers keep theirs, so that they, and not Gavel, close it. Others need less.
func (o *Options) idle() time.Duration {
	if len(o.TrustedProxies) > 0 {
		return 11 * time.Minute
	}
	return 2*time.Minute + 30*time.Second
}
