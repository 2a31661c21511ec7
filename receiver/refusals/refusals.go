// Package refusals counts the requests that the receiver refused, by reason and
// source. A refused request costs a few bytes of memory; what has been counted
// is stored every few seconds, so that nobody can make the database write by
// sending garbage.
package refusals

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// every is how often the counts are stored.
	every = 5 * time.Second
	// named is how many sources and reasons are told apart between two times,
	// namedPerNetwork those of one IPv4 /16 or IPv6 /32 network: whoever owns a
	// network must not take the places of all others.
	named           = 256
	namedPerNetwork = 16
	// storeTimeout bounds one time.
	storeTimeout = 10 * time.Second
)

// Store keeps the counts.
type Store interface {
	AddRefusals(ctx context.Context, list []event.Refusal, now time.Time) error
}

// Counter counts refused requests.
type Counter struct {
	store Store
	log   *slog.Logger
	now   func() time.Time

	mu       sync.Mutex
	counts   map[key]*event.Refusal
	networks map[netip.Prefix]int // sources in counts
}

type key struct {
	reason string
	source netip.Prefix // invalid for those that are not named
}

// New returns a Counter that stores in store; Run stores.
func New(store Store, log *slog.Logger, now func() time.Time) *Counter {
	return &Counter{store: store, log: log, now: now, counts: map[key]*event.Refusal{}, networks: map[netip.Prefix]int{}}
}

// Refused counts a request. The source may be invalid.
func (c *Counter) Refused(reason string, source netip.Prefix, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(key{reason, source}, 1, at, at)
}

func (c *Counter) add(k key, n int64, first, last time.Time) {
	known := c.counts[k]
	if known == nil && k.source.IsValid() {
		network := networkOf(k.source)
		if len(c.counts) >= named || c.networks[network] >= namedPerNetwork {
			k.source = netip.Prefix{}
			known = c.counts[k]
		} else {
			c.networks[network]++
		}
	}
	if known == nil {
		known = &event.Refusal{Reason: k.reason, Source: text(k.source), First: first}
		c.counts[k] = known
	}
	known.Count += n
	if first.Before(known.First) {
		known.First = first
	}
	if last.After(known.Last) {
		known.Last = last
	}
}

func networkOf(source netip.Prefix) netip.Prefix {
	bits := 16
	if source.Addr().Is6() {
		bits = 32
	}
	network, _ := source.Addr().Prefix(bits) // the bits fit the address
	return network
}

func text(source netip.Prefix) string {
	switch {
	case !source.IsValid():
		return ""
	case source.IsSingleIP():
		return source.Addr().String()
	}
	return source.String()
}

// Run stores what was counted every few seconds, until ctx ends; Flush stores
// the rest.
func (c *Counter) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.Flush(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// Flush stores what was counted since the last time. If that fails, it is kept
// for the next.
func (c *Counter) Flush(ctx context.Context) {
	c.mu.Lock()
	counts := c.counts
	c.counts, c.networks = map[key]*event.Refusal{}, map[netip.Prefix]int{}
	c.mu.Unlock()
	if len(counts) == 0 {
		return
	}
	list := make([]event.Refusal, 0, len(counts))
	for _, r := range counts {
		list = append(list, *r)
	}
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := c.store.AddRefusals(limited, list, c.now())
	if err == nil {
		return
	}
	if ctx.Err() == nil {
		c.log.Warn("refused requests could not be counted in the database; trying again", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, r := range counts {
		c.add(k, r.Count, r.First, r.Last)
	}
}
