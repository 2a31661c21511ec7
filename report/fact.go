package report

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Kind is what an event did to a meeting.
type Kind uint8

// The kinds that are counted.
const (
	Booked Kind = iota + 1
	Moved
	Canceled
)

// Fact is all that a report needs of one event.
type Fact struct {
	Kind Kind
	// At is when it happened; see FactOf.
	At       time.Time
	Received time.Time
	// Dated says that the meeting has a start; Ahead is how long after At.
	Dated bool
	Ahead time.Duration
	// Who is shared by facts with the same owner and calendar; read-only.
	Who *Who
}

// Who has the fields of an event that name its owner and its calendar.
type Who struct {
	Owner                     event.Person
	CalendarPath, CalendarURL string
}

// FactOf returns what is counted of an event. ok is false when nothing is.
func FactOf(ev *event.Event) (f Fact, ok bool) {
	switch ev.Type {
	case event.TypeScheduled:
		f.Kind = Booked
	case event.TypeRescheduled:
		f.Kind = Moved
	case event.TypeCanceled:
		f.Kind = Canceled
	default:
		return f, false
	}
	m := ev.Meeting
	f.At, f.Received = happened(ev), ev.Received
	f.Who = &Who{Owner: m.Owner, CalendarPath: m.Info.CalendarPath, CalendarURL: m.Info.CalendarURL}
	if !m.Start.IsZero() {
		f.Dated, f.Ahead = true, m.Start.Sub(f.At)
	}
	return f, true
}

// happened returns when an event happened.
func happened(ev *event.Event) time.Time {
	if ev.Timestamp.IsZero() || ev.Received.Sub(ev.Timestamp).Abs() > trusted {
		return ev.Received
	}
	return ev.Timestamp
}
