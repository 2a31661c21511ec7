// Package revisions finds the rules that an event met, also when the files have
// changed since.
package revisions

import (
	"context"
	"fmt"
	"sync"

	"github.com/gavel-rules/gavel/rules"
)

// most bounds how many old rule sets stay compiled in memory.
const most = 32

// Store keeps the sources of rules.
type Store interface {
	// Revision returns the sources of a revision, or event.ErrNotFound.
	Revision(ctx context.Context, revision string) ([]byte, error)
}

// Cache keeps the rules of earlier revisions compiled. It is safe for
// concurrent use.
type Cache struct {
	store   Store
	current func() *rules.Set
	compile func(sources []byte) (*rules.Set, error)

	mu    sync.Mutex
	sets  map[string]*rules.Set
	order []string // least recently compiled first
}

// New returns a cache that has compiled nothing yet. current returns the rules in
// force, which need not be compiled again, or nil.
func New(store Store, current func() *rules.Set, compile func(sources []byte) (*rules.Set, error)) *Cache {
	return &Cache{store: store, current: current, compile: compile, sets: map[string]*rules.Set{}}
}

// Kept returns the set without touching the store, or nil.
func (c *Cache) Kept(revision string) *rules.Set {
	if set := c.current(); set != nil && set.Revision == revision {
		return set
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sets[revision]
}

// Forget drops the compiled sets, which hold the secrets of their time.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.sets)
	c.order = nil
}

// Set returns the set, compiling its stored sources if needed.
func (c *Cache) Set(ctx context.Context, revision string) (*rules.Set, error) {
	if set := c.Kept(revision); set != nil {
		return set, nil
	}
	sources, err := c.store.Revision(ctx, revision)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", revision, err)
	}
	set, err := c.compile(sources)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", revision, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.sets[revision]; !known {
		c.order = append(c.order, revision)
	}
	c.sets[revision] = set
	if len(c.order) > most {
		delete(c.sets, c.order[0])
		c.order = c.order[1:]
	}
	return set, nil
}
