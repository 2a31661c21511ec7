package event

import "time"

// FactsWidth is how many event numbers a block of facts covers.
const FactsWidth = 1024

// Facts are what reports need of the events with numbers from Block*FactsWidth
// to below (Block+1)*FactsWidth; see package report/facts.
type Facts struct {
	Block  int64
	Events int // how many events with these numbers were stored
	// Newest is when the last of them was received.
	Newest time.Time
	Data   []byte
}

// Numbers are the numbers of the stored events.
type Numbers struct {
	First, Last int64 // 0 when there is no event
	// Erasures is how often an event was erased.
	Erasures int64
	// Loose says that an event can appear some seconds after others with higher
	// numbers.
	Loose bool
}

// FollowUps is how many runs of a rule that follow their meetings have a status.
type FollowUps struct {
	Rule   string
	Status Status
	Count  int
}
