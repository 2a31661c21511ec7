package vault

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// AsStored is the store below the encryption.
func AsStored(s store.Store) store.Store {
	if sealed, ok := sealOf(s); ok {
		return sealed.Store
	}
	return s
}

// sealOf finds the encryption below the layers that a store has.
func sealOf(s store.Store) (sealedStore, bool) {
	switch s := s.(type) {
	case sealedStore:
		return s, true
	case tracedStore:
		return sealOf(s.Store)
	case shownStore:
		return sealOf(s.Store)
	}
	return sealedStore{}, false
}

// ReloadKeys takes a changed file of encryption keys into use, and returns how
// many keys it has, or 0 when it has not changed.
func ReloadKeys(s store.Store) (int, error) {
	sealed, _ := sealOf(s)
	return sealed.ring.reload()
}

// SealBody returns the body of an event as it lies on disk.
func SealBody(s store.Store, eventID string, body []byte) []byte {
	sealed, _ := sealOf(s)
	return sealed.ring.keys().Seal(bodyPlace(eventID), body)
}

// FromArchive returns an archived event as the store would return it, and opens
// its runs: without encryption and, if the store is Shown, without what is
// private.
func FromArchive(s store.Store, r *event.Record, runs []*event.Run) (*event.Record, error) {
	sealed, _ := sealOf(s)
	r, err := sealed.openRecord(r, nil)
	if err != nil {
		return nil, err
	}
	if _, err := sealed.openRuns(runs, nil); err != nil {
		return nil, err
	}
	if shown, ok := s.(shownStore); ok {
		return shown.record(r, nil)
	}
	return r, nil
}
