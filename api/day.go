package api

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Day is what happened over the last 24 hours, on all machines.
type Day struct {
	Since    time.Time    `json:"since"`
	Events   int          `json:"events"`
	Spans    []DaySpan    `json:"spans"`    // of half an hour, oldest first
	Rules    []DayRule    `json:"rules"`    // by name; those that did something
	Failures []DayFailure `json:"failures"` // of attempts, most first
}

// DaySpan is half an hour of a Day.
type DaySpan struct {
	Start     time.Time `json:"start"`
	Events    int       `json:"events"`
	Succeeded int       `json:"succeeded"` // runs that ended so
	Failed    int       `json:"failed"`
}

// DayRule is what a rule did in a Day.
type DayRule struct {
	Rule    string               `json:"rule"`
	Matched int                  `json:"matched"`
	Ended   map[event.Status]int `json:"ended,omitempty"` // runs by the state they ended in
}

// DayFailure is one way in which attempts failed in a Day.
type DayFailure struct {
	Connection string      `json:"connection,omitempty"`
	Cause      event.Cause `json:"cause,omitempty"`
	Count      int         `json:"count"`
}
