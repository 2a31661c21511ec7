package event

import "time"

// Acceptance is an event to store with the runs it starts. The store keeps all
// of it or nothing.
type Acceptance struct {
	Event *Event
	// Revision of the rule set that the event was matched against.
	Revision string
	// Runs to start, in file order of their rules.
	Runs []PlannedRun
	// If Owner is not empty, runs that are due and not held are leased to it until
	// LeaseUntil and returned, as if claimed.
	Owner      string
	LeaseUntil time.Time
	// Now is the time of acceptance by the engine's clock.
	Now time.Time
	// Ends are the absences that this event ends.
	Ends []Ending
	// Move is called in the transaction for every run that waits for this event's
	// meeting, if the event is the newest of its meeting. nil moves nothing. It
	// must not call the store.
	Move func(waiting *Run) Move
}

// PlannedRun is a run that an event starts.
type PlannedRun struct {
	Run
	// SkipIfLate stores the run as skipped if a newer event of its meeting was
	// accepted before.
	SkipIfLate bool
	// Replaces makes the run replace earlier ones of its rule for its meeting.
	// Those that wait or are after their wait are canceled; others end at their
	// wait. A run of a late event replaces none, and ends at its wait if a newer
	// one is under way. Shadow runs and live runs do not replace each other.
	Replaces bool
	// Windows decide, in this order, whether the run continues; see store/window.
	Windows []Window
}

// Move is what an event does to a run that waits for its meeting.
type Move struct {
	Action MoveAction
	Due    time.Time // with MoveTo
	Reason string    // in words, for the history; not needed with MoveNothing
}

// MoveAction is the kind of a Move.
type MoveAction int

// What an event can do to a waiting run.
const (
	MoveNothing MoveAction = iota
	MoveTo                 // wait until Due instead
	MoveDrop               // cancel the run
)

// Receipt is the result of an Acceptance, returned after it is on disk.
type Receipt struct {
	Duplicate bool
	// Differs says that a repeated event differs from the stored one. The engine
	// sets it.
	Differs     bool
	Late        bool   // a newer event of the same meeting was accepted before
	Seq         int64  // of the stored event
	Started     []*Run // handed to the caller under its lease
	Created     int    // runs stored, of any status
	EndedAtOnce []*Run // runs that the store ended at once: late, counted, throttled or collected
	Moved       int
	Dropped     int
	Replaced    int // dropped because a new run replaces them
	// Sending are the ids of runs of a meeting just canceled that were being
	// sent. They can no longer be dropped.
	Sending []string
}

// Progress is the new state of a leased run and the attempts to add to its
// history, stored together.
type Progress struct {
	Run      *Run
	Attempts []Attempt
	// Owner must still hold the run's lease. Otherwise only the attempts are
	// stored, and the error is ErrConflict.
	Owner string
	// LeaseUntil extends the lease if the run is still StatusRunning.
	LeaseUntil time.Time
	// Remember is what the run remembers, stored if the lease is still held.
	Remember []Remember
}

// Record is an event as stored.
type Record struct {
	Seq        int64     // order of acceptance
	Event      *Event    // decoded again from its body
	Revision   string    // of the rule set it was matched against
	Late       bool      // it came after a newer event of its meeting
	Deliveries int       // how often it was delivered, including repeats
	LastSeen   time.Time // time of the newest delivery
	Runs       int       // how many runs it started
	// Damage says why the body cannot be read, or is empty. If set, Event has
	// only what is stored besides the body.
	Damage string
	// Raw says that the body has not been decoded: Event has only what is stored
	// besides it, and its Body. See EventFilter.Raw.
	Raw bool
	// Cut says that a list ends with this event because of EventFilter.Bytes.
	Cut bool
}

// MeetingState is the current state of a meeting in the store.
type MeetingState struct {
	MeetingID   string
	Newest      *Record // the newest event by Timestamp
	Canceled    bool    // the newest event was a cancellation
	Reschedules int     // rescheduled events accepted so far
}

// Fate filters a list of events by what happened to them.
type Fate string

// The fates.
const (
	FateMatched   Fate = "matched"   // it started at least one run
	FateUnmatched Fate = "unmatched" // it started none
	FateLate      Fate = "late"      // it came after a newer event of its meeting
	FateRepeated  Fate = "repeated"  // it was delivered more than once
)

// Fates lists them.
func Fates() []Fate { return []Fate{FateMatched, FateUnmatched, FateLate, FateRepeated} }

// EventFilter selects stored events; zero fields select everything.
type EventFilter struct {
	Type      string // a type, or a pattern with * at its end
	MeetingID string // or ORG/ID; an id alone selects it in all organizations
	Fate      Fate
	Sent      bool      // leaves out Gavel's own
	Seqs      []int64   // when it is not nil, only these
	IDs       []string  // or ORG/ID; when it is not nil, only these
	Since     time.Time // by Received
	Until     time.Time
	// Before and After are cursors: the Seq to start from, exclusive. Newest
	// first with Before or none; oldest first with After or OldestFirst.
	Before, After int64
	OldestFirst   bool
	// Behind, if not nil, lists by Place instead, oldest first, beginning after
	// this one; the zero Place begins with the first event.
	Behind *Place
	Limit  int // 0 means 50
	// Bytes, if not 0, ends the list with the event with which the bodies have so
	// many bytes; see Ended.
	Bytes int
	// Raw allows events that are not decoded; decode.Stored decodes them.
	Raw bool
}

// PageBytes is about how many bytes of bodies are read at a time. Most events have
// 2 kB, but each may have a megabyte.
const PageBytes = 2 << 20

// Ended reports whether a list of this filter has everything, so that there is
// nothing to read after its last event.
func (f EventFilter) Ended(list []*Record) bool {
	return len(list) < f.Limit && !Continues(list)
}

// Continues reports whether a list ends because of the size of its events.
func Continues(list []*Record) bool { return len(list) > 0 && list[len(list)-1].Cut }

// Place is the position of an event in order of time.
type Place struct {
	Received time.Time
	Seq      int64
}

// Ref identifies a stored event. Seq alone is not enough, because numbers start
// again in a new database.
type Ref struct {
	Seq int64
	ID  string
}

// Place returns the position of the event in order of time.
func (r *Record) Place() Place { return Place{Received: r.Event.Received, Seq: r.Seq} }

// RunFilter selects runs; zero fields select everything.
type RunFilter struct {
	Statuses  []Status
	Rule      string
	EventID   string // or ORG/ID, as MeetingID
	MeetingID string // or ORG/ID; an id alone selects it in all organizations
	Shadow    *bool
	Since     time.Time // by Created
	Until     time.Time
	// Before and After are cursors: runs with an id below Before, newest first,
	// or above After, oldest first.
	Before, After string
	OldestFirst   bool
	// Sort is the order; Before, After and OldestFirst belong to the normal one.
	Sort RunSort
	// DueBefore selects the runs that are due before this time, Held those that a
	// pause holds.
	DueBefore time.Time
	Held      PauseKey
	// Behind, if not nil, is the cursor of SortDue: runs after this one.
	Behind *RunPlace
	Limit  int // 0 means 50
	// Results includes the results of actions, which can be large.
	Results bool
}

// RulesFilter asks what is stored of rules. How long the answer takes depends on
// the number of rules, not of runs.
type RulesFilter struct {
	Rules    []string
	Statuses []Status // empty means all
	Most     int      // up to which runs are counted; 0 means 1
}

// RuleRuns are the stored runs of one rule and status.
type RuleRuns struct {
	Rule   string
	Status Status
	Count  int
	// Newest is the id of the newest one, Created and Updated are its times.
	Newest           string
	Created, Updated time.Time
}

// RunSort is the order of a list of runs.
type RunSort string

// The orders of runs.
const (
	SortCreated RunSort = ""    // by id, newest first
	SortDue     RunSort = "due" // pending and waiting runs only, the next one first
)

// RunPlace is the position of a run in the order of due times.
type RunPlace struct {
	Due time.Time
	ID  string
}

// Counts are totals for overviews.
type Counts struct {
	Events int64
	Runs   map[Status]int64
	// OldestDue is the due time of the oldest run that could continue now; zero
	// if none is due.
	OldestDue time.Time
}

// Footing says whether a store can keep its promises.
type Footing struct {
	// ClockAhead is how far this machine's clock is ahead of the store's;
	// negative when it is behind.
	ClockAhead time.Duration
	// Unsafe lists, in sentences, settings of the store with which it can lose
	// acknowledged data.
	Unsafe []string
}

// Size says how much room a store takes, in bytes.
type Size struct {
	// Database is the size of the data, Log that of a write-ahead log beside
	// it, which is emptied again and again.
	Database, Log int64
	// Reusable is the part of Database that holds nothing.
	Reusable int64
	// Fixed says that the store cannot give Reusable back to the disk by
	// itself.
	Fixed bool
	// DiskFree and Disk are the free space and the size of the disk of the
	// database; both 0 when it is on another machine.
	DiskFree, Disk int64
}

// RevisionRecord is a rule set as stored.
type RevisionRecord struct {
	Revision string
	Sources  []byte
	// Saved is when it last became active.
	Saved time.Time
}

// RuleActivity counts the stored runs of one rule.
type RuleActivity struct {
	Rule    string    `json:"rule"`
	Runs    int64     `json:"runs"`              // not skipped
	Skipped int64     `json:"skipped"`           // late, counted, throttled, collected, or skipped for another reason
	Last    time.Time `json:"last_run,omitzero"` // when the newest one not skipped was created; zero if none
	Waiting int64     `json:"waiting"`
	Failed  int64     `json:"failed"`
}
