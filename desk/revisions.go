package desk

import (
	"context"
	"sync"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
)

// Revisions keep the rules that were asked about last, because the same events
// are looked at again. They are safe for concurrent use.
type Revisions struct {
	mu       sync.Mutex
	last     *compiled
	revision string // of last
	// inForce are the rules in force when last was made: a reload may bring other
	// secrets.
	inForce *rules.Set
}

// compiled are the rules of a revision, ready to explain events.
type compiled struct {
	set  *rules.Set
	with *explain.Explainer
}

// ready makes rules ready to explain events; nil for none.
func ready(set *rules.Set) *compiled {
	if set == nil {
		return nil
	}
	return &compiled{set, explain.New(set)}
}

// explaining returns the rules of a revision, ready to explain events.
func (d *Desk) explaining(ctx context.Context, revision string) (*compiled, error) {
	kept := d.Revisions
	if kept == nil {
		kept = &Revisions{}
	}
	var inForce *rules.Set
	if d.Current != nil {
		inForce = d.Current()
	}
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if kept.last != nil && kept.revision == revision && kept.inForce == inForce {
		return kept.last, nil
	}
	set, err := d.revision(ctx, revision)
	if err != nil {
		return nil, err
	}
	kept.last, kept.revision, kept.inForce = ready(set), revision, inForce
	return kept.last, nil
}
