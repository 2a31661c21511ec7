package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/gavel-rules/gavel/rules"
)

// keptRevisions bounds how many old rule sets stay compiled in memory.
const keptRevisions = 32

// revisions finds the rule set a run started with, also when the file has
// changed since.
type revisions struct {
	store   Store
	current func() *rules.Set
	compile func(sources []byte) (*rules.Set, error)

	mu    sync.Mutex
	sets  map[string]*rules.Set
	order []string // least recently compiled first
}

func newRevisions(store Store, current func() *rules.Set, compile func([]byte) (*rules.Set, error)) *revisions {
	return &revisions{store: store, current: current, compile: compile, sets: map[string]*rules.Set{}}
}

// cached returns the set without touching the store, or nil.
func (r *revisions) cached(revision string) *rules.Set {
	if set := r.current(); set != nil && set.Revision == revision {
		return set
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sets[revision]
}

// forget drops the compiled sets, which hold the secrets of their time.
func (r *revisions) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.sets)
	r.order = nil
}

// get returns the set, compiling its stored sources if needed.
func (r *revisions) get(ctx context.Context, revision string) (*rules.Set, error) {
	if set := r.cached(revision); set != nil {
		return set, nil
	}
	sources, err := r.store.Revision(ctx, revision)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", revision, err)
	}
	set, err := r.compile(sources)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", revision, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.sets[revision]; !known {
		r.order = append(r.order, revision)
	}
	r.sets[revision] = set
	if len(r.order) > keptRevisions {
		delete(r.sets, r.order[0])
		r.order = r.order[1:]
	}
	return set, nil
}
