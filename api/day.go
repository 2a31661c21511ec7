package api

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Day summarizes the last 24 hours, of all processes.
type Day struct {
	Since    time.Time    `json:"since"`
	Events   int          `json:"events"`
	Spans    []DaySpan    `json:"spans"`    // half-hours, oldest first
	Rules    []DayRule    `json:"rules"`    // by name; only those with runs
	Failures []DayFailure `json:"failures"` // of attempts, most frequent first
	Refused  []DayRefusal `json:"refused"`  // requests, most frequent first
}

// DaySpan is half an hour of a Day.
type DaySpan struct {
	Start     time.Time `json:"start"`
	Events    int       `json:"events"`
	Succeeded int       `json:"succeeded"` // runs
	Failed    int       `json:"failed"`
}

// DayRule is what a rule did in a Day.
type DayRule struct {
	Rule    string               `json:"rule"`
	Matched int                  `json:"matched"`
	Ended   map[event.Status]int `json:"ended,omitempty"` // runs by final status
}

// DayFailure counts failed attempts of a Day by connection and cause.
type DayFailure struct {
	Connection string      `json:"connection,omitempty"`
	Cause      event.Cause `json:"cause,omitempty"`
	Count      int         `json:"count"`
}
