package params

import (
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/rules/language"
)

// Living is an Action that may keep one message up to date: the first run sends
// it, later ones change it. Its Effect is a Lasting.
type Living interface {
	Action
	// Lives reports whether it does so.
	Lives() bool
	// PerMeeting reports whether each meeting has a message of its own; otherwise
	// each value that Belongs returns.
	PerMeeting() bool
	// Belongs returns the value that the message for an event belongs to.
	Belongs(s *language.Scope) (string, error)
}

// Lasting is an Effect that sends a message or changes the one that was sent.
// With Delivery.Life, Do changes it and sets Life.Where when it has sent one.
type Lasting interface {
	Effect
	// Found is the result of the action for a message that is somewhere, without
	// sending anything.
	Found(where json.RawMessage) any
	// Does says in a word what Do does, such as update, if there is a message or
	// not.
	Does(exists bool) string
}

// Life is what is known of a message that is kept up to date.
type Life struct {
	// Key identifies the message at its destination, so that it can be found when
	// it is not known whether it was sent.
	Key string
	// Where the message is, in the words of the action; nil if there is none.
	// Do sets it.
	Where json.RawMessage
	// From and To are when tries began and may have ended that perhaps sent
	// something, with this Key or that of the Delivery; zero if there were none.
	// Do sets both to zero once it knows that nothing was sent.
	From, To time.Time
	// Lost says why there is no message any more, or is empty.
	Lost string
}

// Gone is the error of Do if the message cannot be changed any more. Do is then
// called again, to send another.
type Gone struct{ Why string }

// Error returns why.
func (e *Gone) Error() string { return e.Why }
