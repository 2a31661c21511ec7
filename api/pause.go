package api

import "github.com/gavel-rules/gavel/event"

// PauseRequest pauses everything, a rule or a connection.
type PauseRequest struct {
	// For is how long, such as 2h or 3d; empty means until somebody resumes it.
	For string `json:"for,omitempty"`
	// Reason is shown wherever the pause is.
	Reason string `json:"reason,omitempty"`
}

// ResumeRequest ends a pause. Without Confirm nothing changes.
type ResumeRequest struct {
	Confirm bool `json:"confirm,omitempty"`
}

// Pause is something that is paused, with what it holds.
type Pause struct {
	event.Pause
	// Held counts the runs that were due and were set aside.
	Held int64 `json:"held"`
	// Past is how many of them would be skipped if it ended now, because their
	// time has passed and their wait has if_past: skip.
	Past int64 `json:"past"`
}

// GoesOut is how many runs continue when the pause ends.
func (p *Pause) GoesOut() int64 { return p.Held - p.Past }

// Resumption is the end of a pause, or what it would do.
type Resumption struct {
	Pause
	// Resumed is false if it was only asked what would happen.
	Resumed bool `json:"resumed"`
}

// PausedBy returns the pause with a key; nil if it is not paused.
func PausedBy(key event.PauseKey, pauses []event.Pause) *event.Pause {
	for i := range pauses {
		if pauses[i].Key == key {
			return &pauses[i]
		}
	}
	return nil
}
