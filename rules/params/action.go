package params

import (
	"context"
	"github.com/gavel-rules/gavel/rules/language"
	"time"
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
	// Connection is the kind of connection it uses; empty for none. When the
	// parameters name none, the connection called like this kind is used.
	Connection string
	// ConnectionOptional allows to do without a connection (an http action
	// with a whole URL).
	ConnectionOptional bool
	// NewResult returns a pointer to a zero result struct; its expr and json
	// tags are what later actions see as actions.<id>.
	NewResult func() any
	// Timeout of one try when the rule says nothing.
	Timeout time.Duration
	// Local says that the action sends nothing: what it does stays in this
	// process and is there for people to see. So it gets what people may see, and
	// one that has failed cannot have arrived.
	Local bool
}

// Params are the decoded parameters of one action. Build checks what types
// cannot express and returns the action ready to run. conn is the Client of
// the connection, nil if none. An error may be a *FieldError to point at one
// field.
type Params interface {
	Build(conn any) (Action, error)
}

// FieldError points an error at one parameter, by its YAML path
// ("headers.X-Id", "to"), relative to the action's or connection's mapping.
type FieldError struct {
	Field string
	Err   error
	Hint  string // what to do
}

// Error names the field and says what is wrong with it.
func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap gives the error underneath.
func (e *FieldError) Unwrap() error { return e.Err }

// Action is one action of a rule, built and ready for any number of events.
type Action interface {
	// Prepare fills in the parameters for one event. It sends nothing and has
	// no effect, so that explain, test and back-test can show what would go
	// out. The error is that of an expression or of a value that the
	// destination cannot take.
	Prepare(s *language.Scope) (Effect, error)
}

// Effect is one message, request or mail, ready to go. Encoded as JSON it is
// the preview that people see.
type Effect interface {
	// Do sends it. The result is a pointer of the kind's result type, or nil.
	// An error should be an *event.Failure.
	Do(ctx context.Context, d Delivery) (result any, err error)
}

// Noted is an Effect that was changed to fit its destination, or a result of
// one that was not carried out in full.
type Noted interface {
	// Notes say what was changed or left out, one sentence each.
	Notes() []string
}

// Delivery identifies one sending. Key is the same for every try of the same
// action of the same run.
type Delivery struct {
	RunID    string
	EventID  string
	Rule     string
	ActionID string
	Key      string // idempotency key, letters, digits and hyphens
	Try      int
	Last     bool // no other try follows this one
	// Shown makes a text of what people may see of it; nil leaves it as it is.
	// It is for words that an action shows itself, not for what it sends.
	Shown func(text string) string
}

// ConnectionKind describes a kind of connection.
type ConnectionKind struct {
	Name string
	Doc  string
	New  func() ConnectionParams
}

// ConnectionParams are the decoded parameters of a connection. Open checks
// them and returns the client that actions of this kind get in Build. It must
// not use the network.
type ConnectionParams interface {
	Open() (client any, err error)
}

// Timed is a client whose connection bounds the try of an action that has no
// timeout of its own.
type Timed interface {
	// TryTimeout is the longest time of one try; 0 leaves it to the kind.
	TryTimeout() time.Duration
}

// Kinds is the whole list a load knows.
type Kinds struct {
	Actions     []Kind
	Connections []ConnectionKind
}

// Waiter is an Action that, instead of sending, asks the engine to put the run
// to sleep.
type Waiter interface {
	Action
	// Wait returns when to go on. Since is when the run reached the wait.
	// Reason says in words how the moment was found. Skip ends the run instead
	// (a moment in the past that the author does not want).
	Wait(s *language.Scope, now, since time.Time) (Wake, error)
	// Follow says that the wait moves and ends with its meeting.
	Follow() bool
	// Recheck says that the rule's condition is evaluated again at the end.
	Recheck() bool
}

// Wake is the answer of a Waiter.
type Wake struct {
	At     time.Time
	Reason string
	Skip   bool
}
