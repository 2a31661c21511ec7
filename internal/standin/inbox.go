package standin

import (
	"slices"
	"sync"
)

// inbox keeps what was received and notifies a listener.
type inbox[T any] struct {
	mu    sync.Mutex
	items []T
	calls []func(T)
}

func (b *inbox[T]) add(item T) {
	b.mu.Lock()
	b.items = append(b.items, item)
	calls := slices.Clone(b.calls)
	b.mu.Unlock()
	for _, call := range calls {
		call(item)
	}
}

func (b *inbox[T]) received() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.items)
}

func (b *inbox[T]) on(call func(T)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, call)
}
