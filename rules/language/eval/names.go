// Package eval has the functions that a compiled expression calls: operators on
// exact numbers and absent values, the functions of rules, and the budget that
// limits them.
package eval

// The names in the scope of expressions. Authors cannot write NowWord,
// KnownWord and WordReschedules: the compiler inserts them for now(),
// comparisons of previous with nil, and meeting.reschedules.
const (
	WordEvent       = "event"
	WordMeeting     = "meeting"
	WordChange      = "change"
	WordTest        = "test"
	WordOwn         = "gavel"
	WordData        = "data"
	WordVars        = "vars"
	WordEnv         = "env"
	WordActions     = "actions"
	WordPrevious    = "previous"
	WordReschedules = "meeting.reschedules"
	WordWindow      = "window"
	WordConditions  = "conditions"
	WordTables      = "tables"
	WordThrottle    = "throttle"
	WordMemory      = "memory"
	WordEach        = "each"
	WordEachIndex   = "each_index"
	WordInputs      = "inputs"
	WordPage        = "page"
	NowWord         = "now()"
	KnownWord       = "previous known"
)

// FieldReschedules is written like a field of meeting.
const FieldReschedules = "reschedules"

// Whether the event has a meeting or a change.
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
	FoundRowWord = "row found"
	// RowWord and RowsWord are followed by the name of a table.
	RowWord  = "row of "
	RowsWord = "rows of "
)

// Functions that limit work and memory, which the compiler inserts.
const (
	boundedWord  = "bounded value"
	repeatedWord = "bounded repeat"
	WeighedWord  = "weighed value"
	MatchedWord  = "bounded match"
	// BudgetWord is the name of the budget in scope.
	BudgetWord = "budget of work"
)

// Use says how a value is used.
type Use int

const (
	UseAny    Use = iota // passed on, absent or not
	UseStrict            // calculated or compared: it must be present
	UseTruth             // a condition: absent is false
	UseAsked             // checked for presence
)
