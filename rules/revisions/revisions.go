// Package revisions finds the rules that an event was matched against, even if
// the files have changed since.
package revisions

import (
	"context"
	"fmt"
	"sync"

	"github.com/gavel-rules/gavel/rules"
)

// maxSets is how many old rule sets stay compiled in memory.
const maxSets = 32

// Store has the sources of earlier rules.
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

// New returns an empty cache. current returns the active rules, which need not
// be compiled again, or nil.
func New(store Store, current func() *rules.Set, compile func(sources []byte) (*rules.Set, error)) *Cache {
	return &Cache{store: store, current: current, compile: compile, sets: map[string]*rules.Set{}}
}

// Kept returns the set if it is compiled, or nil. It does not use the store.
func (c *Cache) Kept(revision string) *rules.Set {
	if set := c.current(); set != nil && set.Revision == revision {
		return set
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sets[revision]
}

// Forget drops the compiled sets, which contain old secrets.
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
	if len(c.order) > maxSets {
		delete(c.sets, c.order[0])
		c.order = c.order[1:]
	}
	return set, nil
}
