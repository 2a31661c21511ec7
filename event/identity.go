package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Ids of events and meetings are unique only within an organization. A key is an
// id with its organization, as stores keep it: ORG/ID, or the id alone if an
// event names no organization.

// Key returns the key of an id.
func Key(organization, id string) string {
	if organization == "" && !strings.Contains(id, "/") {
		return id
	}
	return organization + "/" + id
}

// SplitKey is the reverse of Key.
func SplitKey(key string) (organization, id string) {
	if organization, id, found := strings.Cut(key, "/"); found {
		return organization, id
	}
	return "", key
}

// RefOf returns the ref by which a store finds exactly this key. An id alone is
// looked up in all organizations.
func RefOf(key string) string {
	if key == "" || strings.Contains(key, "/") {
		return key
	}
	return "/" + key
}

// ParseRef parses a ref: ORG/ID, /ID for one without an organization, or an id
// alone. exact is false for an id alone.
func ParseRef(ref string) (key string, exact bool) {
	organization, id, found := strings.Cut(ref, "/")
	switch {
	case !found:
		return ref, false
	case organization != "":
		return ref, true // its own key
	}
	return Key(organization, id), true
}

// Ambiguous returns the error for an id that several organizations use. It wraps
// ErrConflict.
func Ambiguous(what, id string, keys []string) error {
	refs := make([]string, len(keys))
	for i, key := range keys {
		refs[i] = RefOf(key)
	}
	return fmt.Errorf("%w: %s id %q is used by several organizations; say which: %s", ErrConflict, what, id, strings.Join(refs, " or "))
}

// Organization returns the organization of the event's ids, or "".
func (e *Event) Organization() string {
	if e.Scope != "" {
		return e.Scope
	}
	if strings.Contains(e.OrganizationGUID, "/") {
		return HashID(e.OrganizationGUID) // a key is cut at its first slash
	}
	return e.OrganizationGUID
}

// Key is the key of the event.
func (e *Event) Key() string { return Key(e.Organization(), e.ID) }

// MeetingKey is the key of the event's meeting; empty if it has none.
func (e *Event) MeetingKey() string {
	if !e.HasMeeting() {
		return ""
	}
	return Key(e.Organization(), e.Meeting.ID)
}

// Ref finds the event in a store.
func (e *Event) Ref() string { return RefOf(e.Key()) }

// MeetingRef finds the event's meeting in a store.
func (e *Event) MeetingRef() string { return RefOf(e.MeetingKey()) }

// WithBody returns the event with another body, such as a sealed one.
func (e *Event) WithBody(body []byte) *Event {
	return &Event{
		Envelope: e.Envelope, Meeting: e.Meeting, Change: e.Change, Test: e.Test, Own: e.Own,
		Body: body, Received: e.Received, Drift: e.Drift, Scope: e.Scope,
	}
}

// EventKey is the key of the run's event.
func (r *Run) EventKey() string { return Key(r.Organization, r.EventID) }

// MeetingKey is the key of the run's meeting; empty if it has none.
func (r *Run) MeetingKey() string {
	if r.MeetingID == "" {
		return ""
	}
	return Key(r.Organization, r.MeetingID)
}

// EventRef finds the run's event in a store.
func (r *Run) EventRef() string { return RefOf(r.EventKey()) }

// MeetingRef finds the run's meeting in a store.
func (r *Run) MeetingRef() string { return RefOf(r.MeetingKey()) }

// HashID replaces an id that is too long for an index.
func HashID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}
