package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Limits of what rules remember.
const (
	MaxMemoryValue = 4 << 10  // bytes of one value, as JSON
	MaxMemoryTotal = 32 << 10 // bytes of all values with one key
	MaxMemoryNames = 50       // names with one key
)

// MemoryKey is what values are remembered by: a meeting, or a value such as the
// id of an owner. It does not reveal that value.
type MemoryKey string

const meetingMemory = "meeting/"

// MeetingMemory is the key of what is remembered with a meeting; empty for
// none.
func MeetingMemory(meetingKey string) MemoryKey {
	if meetingKey == "" {
		return ""
	}
	return MemoryKey(meetingMemory + meetingKey)
}

// PlaceMemory is the key of what a place remembers for a value, in one
// organization; empty if the value is.
func PlaceMemory(organization, place, value string) MemoryKey {
	if value == "" {
		return ""
	}
	return MemoryKey("place/" + keyName(organization+"\x1f"+place+"\x1f"+value))
}

// MemoryLiving is the kind of what is kept of a message that later runs change.
const MemoryLiving = "living"

// hiddenMemory begins names that no rule can read.
const hiddenMemory = "#"

// LivingMemory is where the state of the message of an action is kept: with a
// meeting, or by a value in an organization.
func LivingMemory(rule, action, meetingKey string) (MemoryKey, string) {
	return MeetingMemory(meetingKey), hiddenMemory + keyName(rule+"\x1f"+action)
}

// LivingMemoryFor is LivingMemory for a message that belongs to a value.
func LivingMemoryFor(rule, action, organization, value string) (MemoryKey, string) {
	return PlaceMemory(organization, hiddenMemory+rule+"\x1f"+action, value), hiddenMemory + MemoryLiving
}

// Remembered is a value that is remembered under a name.
type Remembered struct {
	Key  MemoryKey
	Name string
	// Kind is the type of the value as it was when it was remembered: text,
	// number, bool, time, list or object.
	Kind    string
	Value   json.RawMessage
	Rule    string // that remembered it last
	Updated time.Time
	Expires time.Time // zero for a value that is kept as long as its meeting
	// Damage says why the value cannot be read, or is empty.
	Damage string
}

// Hidden reports whether the value is not one that rules remember.
func (r *Remembered) Hidden() bool { return strings.HasPrefix(r.Name, hiddenMemory) }

// Expired reports whether the value is absent at a time.
func (r *Remembered) Expired(now time.Time) bool {
	return !r.Expires.IsZero() && !r.Expires.After(now)
}

// MemoryNumber is the kind of numbers, which can be added to.
const MemoryNumber = "number"

// Remember changes one remembered value. The store reads and writes it in one
// transaction, so that no change is lost to another.
type Remember struct {
	Key  MemoryKey
	Name string
	Kind string
	// Expires is when the new value is forgotten, or zero.
	Expires time.Time
	// Change returns the new value; nil forgets it. old is nil if there is none
	// of this kind. It must not call the store.
	Change func(old json.RawMessage) (json.RawMessage, error)
}

// Next returns the value after a change of what is stored now, which may be
// nil; nil if it is to be forgotten. now is when the change is made.
func (r *Remember) Next(stored *Remembered, rule string, now time.Time) (*Remembered, error) {
	var old json.RawMessage
	if stored != nil && stored.Kind == r.Kind && !stored.Expired(now) {
		old = stored.Value
	}
	value, err := r.Change(old)
	if err != nil || value == nil {
		return nil, err
	}
	return &Remembered{Key: r.Key, Name: r.Name, Kind: r.Kind, Value: value, Rule: rule, Updated: now, Expires: r.Expires}, nil
}

// KeysOf returns the keys of changes.
func KeysOf(changes []Remember) []MemoryKey {
	var out []MemoryKey
	for _, c := range changes {
		if !slices.Contains(out, c.Key) {
			out = append(out, c.Key)
		}
	}
	return out
}

// FitsMemory returns an error if changes of what is stored would exceed a limit.
func FitsMemory(stored []Remembered, changes []Remember, now time.Time) error {
	type place struct {
		key  MemoryKey
		name string
	}
	known := map[place]*Remembered{}
	for i := range stored {
		known[place{stored[i].Key, stored[i].Name}] = &stored[i]
	}
	for i := range changes {
		c := &changes[i]
		if old := known[place{c.Key, c.Name}]; old != nil && old.Damage != "" && c.Kind == MemoryNumber {
			return fmt.Errorf("%s: %s", c.Name, old.Damage)
		}
		next, err := c.Next(known[place{c.Key, c.Name}], "", now)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if known[place{c.Key, c.Name}] = next; next != nil && len(next.Value) > MaxMemoryValue {
			return fmt.Errorf("%s is too large to be remembered: %d bytes of at most %d", c.Name, len(next.Value), MaxMemoryValue)
		}
	}
	names, bytes := map[MemoryKey]int{}, map[MemoryKey]int{}
	for at, r := range known {
		if r == nil || r.Expired(now) || r.Hidden() {
			continue
		}
		names[at.key]++
		bytes[at.key] += len(r.Value)
	}
	for _, c := range changes {
		switch {
		case names[c.Key] > MaxMemoryNames:
			return fmt.Errorf("too much would be remembered: %d names, at most %d with one key", names[c.Key], MaxMemoryNames)
		case bytes[c.Key] > MaxMemoryTotal:
			return fmt.Errorf("too much would be remembered: %d bytes, at most %d with one key", bytes[c.Key], MaxMemoryTotal)
		}
	}
	return nil
}

// ChangeMemory returns what is stored after changes, where they are possible.
func ChangeMemory(stored []Remembered, changes []Remember, rule string, now time.Time) []Remembered {
	out := slices.Clone(stored)
	for i := range changes {
		c := &changes[i]
		at := slices.IndexFunc(out, func(r Remembered) bool { return r.Key == c.Key && r.Name == c.Name })
		var old *Remembered
		if at >= 0 {
			old = &out[at]
		}
		next, err := c.Next(old, rule, now)
		switch {
		case err != nil:
		case next != nil && old != nil:
			*old = *next
		case next != nil:
			out = append(out, *next)
		case old != nil:
			out = slices.Delete(out, at, at+1)
		}
	}
	return out
}

// AddNumbers adds two JSON numbers without an exponent, exactly. An absent one
// is 0.
func AddNumbers(a, b json.RawMessage) (json.RawMessage, error) {
	x, first, okA := plainNumber(a)
	y, second, okB := plainNumber(b)
	if !okA || !okB {
		return nil, errors.New("not a number that can be added to")
	}
	return json.RawMessage(x.Add(x, y).FloatString(max(first, second))), nil
}

// plainNumber returns a number and how many digits it has after the point.
func plainNumber(raw json.RawMessage) (n *big.Rat, digits int, ok bool) {
	if len(raw) == 0 {
		return new(big.Rat), 0, true
	}
	text := string(raw)
	if len(text) > MaxMemoryValue || strings.Trim(text, "-0123456789.") != "" {
		return nil, 0, false
	}
	if _, after, found := strings.Cut(text, "."); found {
		digits = len(after)
	}
	n, ok = new(big.Rat).SetString(text)
	return n, digits, ok
}
