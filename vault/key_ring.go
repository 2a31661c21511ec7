package vault

import (
	"crypto/sha256"
	"fmt"
	"sync/atomic"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/store/seal"
)

// keyRing holds the keys of a file that can change while in use.
type keyRing struct {
	file  string
	state atomic.Pointer[keyState]
}

type keyState struct {
	keys *seal.Keys
	sum  [sha256.Size]byte // of the file
}

// openKeys reads the key file.
func openKeys(file string) (*keyRing, error) {
	r := &keyRing{file: file}
	now, err := r.read()
	r.state.Store(now)
	return r, err
}

// fixedKeys are keys that do not change.
func fixedKeys(keys *seal.Keys) *keyRing {
	r := &keyRing{}
	r.state.Store(&keyState{keys: keys})
	return r
}

// keys returns the keys in use; nil when there are none.
func (r *keyRing) keys() *seal.Keys {
	if r == nil {
		return nil
	}
	return r.state.Load().keys
}

func (r *keyRing) read() (*keyState, error) {
	content, err := smallfile.Read(r.file)
	if err != nil {
		return nil, fmt.Errorf("encryption key: %w", err)
	}
	keys, err := seal.Parse(smallfile.Text(content))
	if err != nil {
		return nil, fmt.Errorf("encryption key in %q: %w", r.file, err)
	}
	return &keyState{keys: keys, sum: sha256.Sum256(content)}, nil
}

// reload reads a changed file and returns how many keys it has, or 0 when it
// has not changed. A file without the key in use until now changes nothing:
// what that key sealed would become unreadable.
func (r *keyRing) reload() (int, error) {
	if r == nil {
		return 0, nil
	}
	now, err := r.read()
	if err != nil {
		return 0, err
	}
	old := r.state.Load()
	switch {
	case now.sum == old.sum:
		return 0, nil
	case !now.keys.Has(old.keys):
		return 0, fmt.Errorf("encryption key in %q: the key in use until now is gone; keep it below the new one, or what it sealed cannot be read", r.file)
	}
	r.state.Store(now)
	return now.keys.Len(), nil
}
