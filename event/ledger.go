package event

import "time"

// Acceptance is one event on its way into the store with the runs it starts.
// The store keeps all of it or nothing.
type Acceptance struct {
	Event *Event
	// Revision of the rule set that the event met.
	Revision string
	// Runs to start, in file order of their rules.
	Runs []PlannedRun
	// Owner and LeaseUntil, when Owner is not empty, let the store hand runs
	// that are due and not held straight to the caller, as if claimed.
	Owner      string
	LeaseUntil time.Time
	// Now is the moment of acceptance by the engine's clock.
	Now time.Time
	// Move is asked, inside the transaction, for every run that waits for this
	// event's meeting, if the event is the newest of its meeting. nil moves
	// nothing. It must not call the store.
	Move func(waiting *Run) Move
}

// PlannedRun is a run that an event starts.
type PlannedRun struct {
	Run
	// SkipIfLate stores the run as skipped when a newer event of its meeting
	// has been accepted before.
	SkipIfLate bool
	// Replaces lets the run take the place of earlier ones of its rule for its
	// meeting: those that wait, or are behind their wait, end as canceled, and
	// one that has not come to its wait ends when it does. A run of a late event
	// replaces none and ends at its wait if a newer one is under way. Shadow runs
	// and others do not replace each other.
	Replaces bool
	// Windows decide, in this order, whether the run continues: see store/window.
	Windows []Window
}

// Move says what an event does to a run that waits for its meeting.
type Move struct {
	Action MoveAction
	Due    time.Time // with MoveTo
	Reason string    // in words, for the history; not needed with MoveNothing
}

// MoveAction is the verb of a Move.
type MoveAction int

// What an event can do to a waiting run.
const (
	MoveNothing MoveAction = iota
	MoveTo                 // wait until Due instead
	MoveDrop               // cancel the run
)

// Receipt is the store's answer to an Acceptance, given after it is on disk.
type Receipt struct {
	Duplicate bool
	// Differs says that the repeat tells something else than the stored event.
	// The engine finds it out.
	Differs     bool
	Late        bool   // a newer event of the same meeting was accepted before
	Seq         int64  // of the stored event
	Started     []*Run // handed to the caller under its lease
	Created     int    // runs stored, of any status
	EndedAtOnce []*Run // runs that the store has ended at once: late, counted, throttled or collected
	Moved       int
	Dropped     int
	Replaced    int // dropped because a run that the event starts takes their place
	// Sending are the runs of a meeting just canceled that were being sent at
	// that moment, by id. They can no longer be dropped.
	Sending []string
}

// Progress is what became of a leased run: its new state and the attempts to
// add to its history, stored together.
type Progress struct {
	Run      *Run
	Attempts []Attempt
	// Owner must still hold the run's lease, otherwise nothing but the
	// attempts is stored and the answer is ErrConflict.
	Owner string
	// LeaseUntil extends the lease when the run is still StatusRunning.
	LeaseUntil time.Time
}

// Record is an event as stored.
type Record struct {
	Seq        int64     // order of acceptance
	Event      *Event    // decoded again from its body
	Revision   string    // of the rule set it met
	Late       bool      // it came after a newer event of its meeting
	Deliveries int       // how often it was delivered, repeats included
	LastSeen   time.Time // time of the newest delivery
	Runs       int       // how many runs it started
	// Damage says in words why the body cannot be read; Event then has only
	// what is stored besides it.
	Damage string
}

// MeetingState is what the store knows of a meeting now.
type MeetingState struct {
	MeetingID   string
	Newest      *Record // the newest event by Timestamp
	Canceled    bool    // the newest event was a cancellation
	Reschedules int     // rescheduled events accepted so far
}

// Fate narrows a list of events by what became of them.
type Fate string

// The fates that a list can be narrowed to.
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
	MeetingID string // or ORG/ID; an id alone selects it in all organisations
	Fate      Fate
	Seqs      []int64   // when it is not nil, only these
	IDs       []string  // or ORG/ID; when it is not nil, only these
	Since     time.Time // by Received
	Until     time.Time
	// Before and After are cursors: the Seq to start from, exclusive. Newest
	// first with Before or none; oldest first with After or OldestFirst.
	Before, After int64
	OldestFirst   bool
	// Behind, when it is not nil, lists by Place instead, oldest first, what
	// comes after this one; the zero Place begins with the first event.
	Behind *Place
	Limit  int // 0 means 50
}

// Place is where an event stands in the order of time.
type Place struct {
	Received time.Time
	Seq      int64
}

// Ref names one stored event permanently: numbers start again in a new database.
type Ref struct {
	Seq int64
	ID  string
}

// Place returns where the event stands in the order of time.
func (r *Record) Place() Place { return Place{Received: r.Event.Received, Seq: r.Seq} }

// RunFilter selects runs; zero fields select everything.
type RunFilter struct {
	Statuses  []Status
	Rule      string
	EventID   string // or ORG/ID, as MeetingID
	MeetingID string // or ORG/ID; an id alone selects it in all organisations
	Shadow    *bool
	Since     time.Time // by Created
	Until     time.Time
	// Before is a cursor: runs with an id below it, newest first. After is the
	// same for runs with an id above it, oldest first.
	Before, After string
	OldestFirst   bool
	Limit         int // 0 means 50
	// Results asks for the results of actions as well, which can be large.
	Results bool
}

// Counts are totals for overviews.
type Counts struct {
	Events int64
	Runs   map[Status]int64
	// OldestDue is the due time of the oldest run that could go on now; zero
	// when none is due.
	OldestDue time.Time
}

// Footing is what the promises of a store rest on.
type Footing struct {
	// ClockAhead is how far this machine's clock is ahead of the store's;
	// negative when it is behind.
	ClockAhead time.Duration
	// Unsafe says in sentences which settings of the store let it lose what it
	// has acknowledged.
	Unsafe []string
}

// RevisionRecord is a rule set as stored.
type RevisionRecord struct {
	Revision string
	Sources  []byte
	// Saved is when it was last put into force.
	Saved time.Time
}

// RuleActivity is what the stored runs report one rule.
type RuleActivity struct {
	Rule    string    `json:"rule"`
	Runs    int64     `json:"runs"`              // that went on, whatever became of them
	Skipped int64     `json:"skipped"`           // late, counted, throttled, collected, or skipped for another reason
	Last    time.Time `json:"last_run,omitzero"` // when the newest that went on was created; zero if none
}
