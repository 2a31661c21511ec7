// Package living decides what a run does to a message that is kept up to date.
// Its state is remembered like values of rules, and changed in the transactions
// that record the run:
//
//	claimed   a run is about to send or change it; others wait
//	shown     it shows the state of an event
//	released  the try has failed; whether it was sent may not be known
package living

import (
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Order is the place of an event among those of a message.
type Order struct {
	At    time.Time `json:"at"`   // when it happened
	Came  time.Time `json:"came"` // when it was received
	Event string    `json:"event"`
}

// OrderOf returns the order of an event.
func OrderOf(ev *event.Event) Order {
	return Order{At: ev.Timestamp, Came: ev.Received, Event: ev.Key()}
}

// Before reports whether the state after another event is newer.
func (o Order) Before(p Order) bool {
	switch {
	case o.Event == p.Event:
		return false
	case !o.At.Equal(p.At):
		return o.At.Before(p.At)
	}
	return o.Came.Before(p.Came)
}

// State is what is kept of a message.
type State struct {
	Where  json.RawMessage `json:"where,omitempty"` // nil if there is none
	Shows  Order           `json:"shows,omitzero"`
	Number int             `json:"number,omitempty"` // of messages before this one
	Since  time.Time       `json:"since,omitzero"`   // when it was sent
	// By is the run that claimed it last, until Until.
	By    string    `json:"by,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// From and To are when tries began and may have ended of which it is not known
	// whether they have sent something.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Read returns the state that is stored; the zero State if there is none.
func Read(raw json.RawMessage) (s State) {
	if json.Unmarshal(raw, &s) != nil {
		return State{}
	}
	return s
}

// Busy reports whether another run has claimed it.
func (s *State) Busy(run string, now time.Time) bool { return s.By != run && s.Until.After(now) }

// Slot is where a state is stored.
type Slot struct {
	Key  event.MemoryKey
	Name string
	// WithMeeting says that it is kept as long as its meeting, else until Expires.
	WithMeeting bool
	Expires     time.Time
}

// Change returns a change of what is stored in the slot.
func (s Slot) Change(do func(*State)) event.Remember {
	return event.Remember{
		Key: s.Key, Name: s.Name, Kind: event.MemoryLiving, Expires: s.Expires,
		Change: func(old json.RawMessage) (json.RawMessage, error) {
			state := Read(old)
			do(&state)
			return json.Marshal(state)
		},
	}
}

// In returns what of a list is stored in the slot; nil if nothing is.
func (s Slot) In(list []event.Remembered) *event.Remembered {
	for i := range list {
		if list[i].Key == s.Key && list[i].Name == s.Name {
			return &list[i]
		}
	}
	return nil
}

// Claim is a run that is about to send or change a message.
type Claim struct {
	Run        string
	Shows      Order
	Now, Until time.Time

	// Set by Take: whether it is claimed, and the state then. From and To are
	// those of earlier tries.
	Taken    bool
	State    State
	From, To time.Time
}

// Take claims the message, unless another run has or it shows a newer state.
func (c *Claim) Take(s *State) {
	c.Taken = !s.Busy(c.Run, c.Now) && (s.Where == nil || !c.Shows.Before(s.Shows))
	if !c.Taken {
		return
	}
	if s.Where != nil && s.By != c.Run {
		s.From, s.To = time.Time{}, time.Time{} // of a reply of another run
	}
	c.From, c.To = s.From, s.To
	if s.By, s.Until, s.To = c.Run, c.Until, c.Until; s.From.IsZero() {
		s.From = c.Now
	}
	c.State = *s
}

// Lose notes that there is no message any more, and claims that there will be
// another.
func (c *Claim) Lose(s *State) {
	if c.Taken = s.By == c.Run; !c.Taken {
		return
	}
	s.Where, s.Since = nil, time.Time{}
	s.Number, s.From, s.To, s.Until = c.State.Number+1, c.Now, c.Until, c.Until
	c.From, c.To = time.Time{}, time.Time{}
	c.State = *s
}

// Show notes that the message is somewhere and shows the state of the claim.
func (c *Claim) Show(where json.RawMessage, now time.Time) func(*State) {
	return func(s *State) {
		if s.Where != nil && c.Shows.Before(s.Shows) {
			return // the claim has ended, and a newer state was shown meanwhile
		}
		if string(s.Where) != string(where) {
			s.Since = now
		}
		s.Where, s.Shows, s.Number = where, c.Shows, c.State.Number
		s.By, s.Until, s.From, s.To = "", time.Time{}, time.Time{}, time.Time{}
	}
}

// Release ends the claim after a failure. from and to are when tries began and
// may have ended that perhaps sent something.
func (c *Claim) Release(from, to time.Time) func(*State) {
	return func(s *State) {
		if s.By == c.Run {
			s.Until, s.From, s.To = time.Time{}, from, to
		}
	}
}
