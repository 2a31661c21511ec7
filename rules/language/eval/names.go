// Package eval is what a compiled expression calls while it runs: operators over
// exact numbers, values that may be absent, the functions of rules, and the
// budget that bounds all of it.
package eval

// The names that expressions see. nowWord, knownWord and wordReschedules cannot
// be typed by an author: calls, comparisons and meeting.reschedules are turned
// into them when they are compiled.
const (
	WordEvent       = "event"
	WordMeeting     = "meeting"
	WordChange      = "change"
	WordTest        = "test"
	WordData        = "data"
	WordVars        = "vars"
	WordEnv         = "env"
	WordActions     = "actions"
	WordPrevious    = "previous"
	WordReschedules = "meeting.reschedules"
	WordWindow      = "window"
	WordThrottle    = "throttle"
	NowWord         = "now()"
	KnownWord       = "previous known"
)

// FieldReschedules stands below meeting like a field of it.
const FieldReschedules = "reschedules"

// Whether the event carries a meeting or a change, as expressions see it.
const (
	MeetingGivenWord = "meeting given"
	ChangeGivenWord  = "change given"
)

// Functions that the rewriter inserts.
const (
	OperateWord  = "operator"
	NegateWord   = "minus"
	PresentWord  = "present value"
	AbsentWord   = "absent value"
	MaybeWord    = "value or nil"
	TruthWord    = "truth value"
	ListWord     = "list value"
	TextWord     = "text value"
	FetchWord    = "field value"
	SliceWord    = "slice value"
	CalleeWord   = "named call"
	SortKeyWord  = "sort key"
	GroupKeyWord = "group key"
)

// Functions that an author cannot type.
const (
	boundedWord  = "bounded value"
	repeatedWord = "bounded repeat"
	WeighedWord  = "weighed value"
	MatchedWord  = "bounded match"
	// BudgetWord is the name of the budget in scope.
	BudgetWord = "budget of work"
)

// Use is what becomes of a value.
type Use int

const (
	UseAny    Use = iota // it goes on as it is, absent or not
	UseStrict            // it is calculated or compared with: it must be there
	UseTruth             // it decides: what is absent is false
	UseAsked             // somebody asks whether it is there
)
