package vault

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// AsStored returns the store below the encryption.
func AsStored(s store.Store) store.Store {
	if sealed, ok := s.(sealedStore); ok {
		return sealed.below
	}
	return s
}

// ringOf returns the keys of a store; nil when nothing is sealed in it.
func ringOf(s store.Store) *keyRing {
	sealed, _ := s.(sealedStore)
	return sealed.ring
}

// ReloadKeys reads a changed file of encryption keys, and returns how many
// keys it has, or 0 when it has not changed.
func ReloadKeys(s store.Store) (int, error) { return ringOf(s).reload() }

// SealBody returns the body of an event as it is stored on disk.
func SealBody(s store.Store, eventID string, body []byte) []byte {
	return ringOf(s).keys().Seal(bodyPlace(eventID), body)
}

// FromArchive opens an archived event and its runs as the store would return
// them.
func FromArchive(s store.Store, r *event.Record, runs []*event.Run) (*event.Record, error) {
	sealed := sealedStore{ring: ringOf(s)}
	r, err := sealed.openRecord(r, nil)
	if err != nil {
		return nil, err
	}
	_, err = sealed.openRuns(runs, nil)
	return r, err
}
