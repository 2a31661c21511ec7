package event

import "time"

// Bounds of what is kept about refused requests. Strangers decide how many
// sources there are, so new ones are admitted slowly: they cannot fill the rows
// before the oldest are deleted.
const (
	RefusalKeep = 7 * 24 * time.Hour // after its last request
	RefusalRows = 1000
	// RefusalsPerDay is how many sources are named for the first time within 24
	// hours.
	RefusalsPerDay = 100
)

// Refusal counts the requests of one source that the receiver refused for one
// reason.
type Refusal struct {
	Reason string `json:"reason"`
	// Source is an IPv4 address or IPv6 /64 network; empty for all those that are
	// not named.
	Source string    `json:"source"`
	Count  int64     `json:"count"`
	First  time.Time `json:"first_seen"`
	Last   time.Time `json:"last_seen"`
}
