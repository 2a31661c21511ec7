package params

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
)

// Kind describes a kind of action: its name in YAML, its parameters, the
// connection it needs and what it returns. The list of kinds is given to Load;
// there is no registration.
type Kind struct {
	Name string
	Doc  string // one paragraph for the reference
	// New returns a pointer to a zero parameter struct. Fields are described
	// by tags: yaml:"name", doc:"…", required:"true", enum:"a,b",
	// default:"…", example:"…".
	New func() Params
	// Connection is the kind of connection it uses, or empty. If the parameters
	// name none, the connection with the name of this kind is used.
	Connection string
	// ConnectionOptional allows actions without a connection (an http action
	// with a full URL).
	ConnectionOptional bool
	// NewResult returns a pointer to a zero result struct. Its expr and json tags
	// are the fields of actions.<id> for later actions.
	NewResult func() any
	// OtherResult is a zero result that Returning settings can ask for instead; may
	// be nil. It is for the reference.
	OtherResult func() any
	// Timeout is the default timeout of one attempt.
	Timeout time.Duration
	// Keeps says that the action sends nothing and remembers values: its Effect
	// is a Keeper, and Build gets a *Memory.
	Keeps bool
	// Adds says that what it remembers are numbers.
	Adds bool
	// Local says that the action sends nothing, such as log. Secrets are hidden
	// in its values, and if it fails, nothing was sent.
	Local bool
}

// Params are the decoded parameters of one action. Build checks what their
// types cannot express and returns the action. conn is the Client of the
// connection, or nil. The error may be a *FieldError to point at a field.
type Params interface {
	Build(conn any) (Action, error)
}

// Returning is a Params whose result depends on its settings. It is asked after
// decoding, also if something in the settings is wrong.
type Returning interface {
	// Returns is the NewResult of the action; nil for that of its kind.
	Returns() func() any
}

// FieldError is an error about one parameter. Field is its YAML path
// ("headers.X-Id", "to"), relative to the mapping of the action or connection.
type FieldError struct {
	Field string
	Err   error
	Hint  string // what to do
}

// Error returns the field and the cause.
func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// Action is one action of a rule, for any number of events.
type Action interface {
	// Prepare fills in the parameters for one event. It sends nothing and has no
	// side effects, so that explain, test and backtest can show what would be
	// sent. The error is that of an expression, or of a value that the
	// destination does not accept.
	Prepare(s *language.Scope) (Effect, error)
}

// Aimed is an Action that says in a few words, before any event, where it sends
// or how long it waits. Expressions stand as they are written.
type Aimed interface {
	Aim() string
}

// Effect is one message, request or email, ready to send. Its JSON is the
// preview that people see.
type Effect interface {
	// Do sends it. The result is a pointer to the kind's result type, or nil. An
	// error should be an *event.Failure.
	Do(ctx context.Context, d Delivery) (result any, err error)
}

// Rehearsed is an Effect that asks for several replies. In a rehearsal, Rehearse
// is called in place of Do, with a function that gives the next reply: nil if it
// is not known.
type Rehearsed interface {
	Rehearse(reply func() (any, *event.Failure)) (any, *event.Failure)
}

// Replied is an Action whose replies are not of the type of its result.
type Replied interface {
	// NewReply returns a pointer to what one reply is decoded into.
	NewReply() any
}

// Noted is an Effect that was changed to fit its destination, or the result of
// one that was only partly sent.
type Noted interface {
	// Notes say what was changed or left out, one sentence each.
	Notes() []string
}

// Delivery identifies one attempt. Key is the same for every attempt of the
// same action of the same run.
type Delivery struct {
	RunID    string
	EventID  string
	Rule     string
	ActionID string
	Key      string // idempotency key, letters, digits and hyphens
	Try      int
	Last     bool // no other attempt follows
	// Shown hides secrets in a text; nil changes nothing. It is for text that an
	// action shows to people, not for what it sends.
	Shown func(text string) string
	// Again waits until another call to the same destination is allowed by its
	// limits; nil if there are none. The first call is allowed already.
	Again func(ctx context.Context) error
	// Life is set for a Lasting, and nil otherwise.
	Life *Life
	// Exchange collects what is sent and received, for the history; may be nil.
	Exchange *Exchange
}

// ConnectionKind describes a kind of connection.
type ConnectionKind struct {
	Name string
	Doc  string
	New  func() ConnectionParams
}

// ConnectionParams are the decoded parameters of a connection. Open checks
// them and returns the client that is passed to Build. It must not use the
// network.
type ConnectionParams interface {
	Open() (client any, err error)
}

// Timed is a client whose connection sets the timeout of actions without one.
type Timed interface {
	// TryTimeout is the timeout of one attempt; 0 means that of the kind.
	TryTimeout() time.Duration
}

// Kinds are all kinds of actions and connections.
type Kinds struct {
	Actions     []Kind
	Connections []ConnectionKind
}

// Waiter is an Action that pauses the run instead of sending.
type Waiter interface {
	Action
	// Wait returns when to continue. since is when the run reached the wait.
	Wait(s *language.Scope, now, since time.Time) (Wake, error)
	// Follow says that the wait moves and is dropped with its meeting.
	Follow() bool
	// Recheck says that the rule's condition is evaluated again at the end.
	Recheck() bool
	// Lapses says that the run is skipped when it wakes long after its time
	// (if_past: skip).
	Lapses() bool
}

// Wake is the result of a Waiter.
type Wake struct {
	At     time.Time
	Reason string // how At was found, in words
	Skip   bool   // end the run instead, because At is in the past
}
