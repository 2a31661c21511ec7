package language

// The names that expressions see. nowWord, knownWord and wordReschedules cannot
// be typed by an author: calls, comparisons and meeting.reschedules are turned
// into them when they are compiled.
const (
	wordEvent       = "event"
	wordMeeting     = "meeting"
	wordChange      = "change"
	wordTest        = "test"
	wordData        = "data"
	wordVars        = "vars"
	wordEnv         = "env"
	wordActions     = "actions"
	wordPrevious    = "previous"
	wordReschedules = "meeting.reschedules"
	wordWindow      = "window"
	wordThrottle    = "throttle"
	nowWord         = "now()"
	knownWord       = "previous known"
)

// fieldReschedules stands below meeting like a field of it.
const fieldReschedules = "reschedules"

// Whether the event carries a meeting or a change, as expressions see it.
const (
	meetingGivenWord = "meeting given"
	changeGivenWord  = "change given"
)

// Functions that the rewriter puts in place.
const (
	operateWord  = "operator"
	negateWord   = "minus"
	presentWord  = "present value"
	absentWord   = "absent value"
	maybeWord    = "value or nil"
	truthWord    = "truth value"
	listWord     = "list value"
	textWord     = "text value"
	fetchWord    = "field value"
	sliceWord    = "slice value"
	calleeWord   = "named call"
	sortKeyWord  = "sort key"
	groupKeyWord = "group key"
)

// Functions that an author cannot type.
const (
	boundedWord  = "bounded value"
	repeatedWord = "bounded repeat"
	weighedWord  = "weighed value"
	matchedWord  = "bounded match"
	// budgetWord is the name of the budget in scope.
	budgetWord = "budget of work"
)

// use is what becomes of a value.
type use int

const (
	useAny    use = iota // it goes on as it is, absent or not
	useStrict            // it is calculated or compared with: it must be there
	useTruth             // it decides: what is absent is false
	useAsked             // somebody asks whether it is there
)
