package api

import "time"

// Source is how Cirrus Insight stands, as seen from here.
type Source struct {
	State     SourceState `json:"state"`
	LastEvent time.Time   `json:"last_event,omitzero"`
	// ExpectedBefore is when the source counts as quiet; zero when nothing is
	// expected. Basis says in words how that is known, or why it is not.
	ExpectedBefore time.Time `json:"expected_before,omitzero"`
	Basis          string    `json:"basis"`
	// Validated is when Cirrus Insight last tried the endpoint.
	Validated  time.Time  `json:"-"`
	Signatures Signatures `json:"signatures"`
}

// SourceState is the state of a Source.
type SourceState string

// The states of a Source.
const (
	SourceActive   SourceState = "active"
	SourceQuiet    SourceState = "quiet"    // the next event is overdue
	SourceLearning SourceState = "learning" // too little is known to expect one
	SourceOff      SourceState = "off"      // none is ever expected
)

// Signatures counts requests of the last fifteen minutes by their signature.
type Signatures struct {
	Burst bool      `json:"burst"` // most of them are bad
	Since time.Time `json:"since,omitzero"`
	Good  int       `json:"good"`
	Bad   int       `json:"bad"`
}
