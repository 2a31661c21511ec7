package params

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/values"
)

// Memory is where an action of a kind that Keeps can remember values besides
// the meeting: places by name. It is what its Build gets as connection.
type Memory struct{ Places map[string]MemoryPlace }

// MemoryPlace remembers values by a key of their own, such as an owner.
type MemoryPlace struct {
	Name string
	Key  values.Expr
	Keep time.Duration // after each change
	Doc  string
}

// KeyFor returns the key for an event; empty if the value of key is absent.
func (p MemoryPlace) KeyFor(s *language.Scope) (event.MemoryKey, error) {
	if p.Key.UsesData() {
		s.AddData()
	}
	value, err := p.Key.Key(s)
	if err != nil {
		return "", err
	}
	return event.PlaceMemory(s.Event.Organization(), p.Name, value), nil
}

// Keeper is an Effect that sends nothing: it changes what is remembered, in the
// transaction that stores its attempt. Its Do is never called.
type Keeper interface {
	Effect
	// Changes returns the changes if they are made now.
	Changes(now time.Time) []event.Remember
}

// MemoryKind is the name under which the type of a remembered value is stored;
// empty if values of this type cannot be remembered.
func MemoryKind(k language.Kind) string {
	switch k {
	case language.KindText:
		return "text"
	case language.KindNumber:
		return event.MemoryNumber
	case language.KindBool:
		return "bool"
	case language.KindTime:
		return "time"
	case language.KindList:
		return "list"
	case language.KindObject:
		return "object"
	}
	return ""
}
