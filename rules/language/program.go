package language

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/language/sieve"
	"github.com/gavel-rules/gavel/rules/text"
)

// Program is one compiled expression.
type Program struct {
	Source string
	Pos    text.Position
	Kind   Kind
	// element is the type of the items of a list; nil if it is not known.
	element reflect.Type
	code    *vm.Program
	vms     *sync.Pool
	// needs are the ids of actions whose results it uses.
	needs []string
	// inputs are the inputs of the chain that it uses.
	inputs []string
	// Uses are the top-level names it uses.
	Uses []string
	// windows lists window and throttle, if it uses them.
	windows []string
	// Data says that it uses the raw data of the event.
	Data bool
	// Constant says that its value is the same for every event.
	Constant bool
	// heavy says that its work is counted.
	heavy bool
	// root names the whole expression. count says that 0 means absent.
	root  eval.Operand
	count bool
	// Lacks is what a condition needs of an event.
	Lacks Needs
	Raws  []file.Location
	// Foreign says that one of Raws is of something that others can write.
	Foreign bool
	// Escape is the function that escapes the whole value for a language written
	// by hand, or "".
	Escape string
	// Gathers says that it uses the gathered events, Recalls that it uses the
	// meeting before the event.
	Gathers, Recalls bool
	// env are the environment variables it reads.
	env []string
	// nodes is the size of a condition.
	nodes int
}

// EvalError says that an expression could not be evaluated for one event.
type EvalError struct {
	Pos    text.Position
	Source string // the expression
	Err    error
}

// Error returns the position, the expression and the cause.
func (e *EvalError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Pos, text.Quote(text.Clip(e.Source, 80)), e.Err)
}

// Unwrap returns the cause.
func (e *EvalError) Unwrap() error { return e.Err }

// UsesMemory reports whether it uses what is remembered.
func (p *Program) UsesMemory() bool { return slices.Contains(p.Uses, eval.WordMemory) }

// Fail wraps an error of this expression.
func (p *Program) Fail(err error) error {
	return &EvalError{Pos: p.Pos, Source: p.Source, Err: err}
}

// Run evaluates the expression.
func (p *Program) Run(s *Scope) (any, error) {
	if missing := p.Unknown(s); missing != nil {
		return nil, missing
	}
	if err := s.stopped(); err != nil {
		return nil, p.Fail(err)
	}
	if p.heavy {
		s.env[eval.BudgetWord] = &eval.Budget{Left: eval.MaxWork}
	}
	machine, _ := p.vms.Get().(*vm.VM)
	out, err := machine.Run(p.code, s.env)
	p.vms.Put(machine)
	if err == nil {
		return out, nil
	}
	var (
		located *file.Error
		absent  *eval.AbsentError
	)
	if errors.As(err, &absent) {
		err = absent
	} else if errors.As(err, &located) {
		err = errors.New(valueProblem(plainWords(located.Message)))
	}
	return nil, p.Fail(p.blame(s, err))
}

// Unknown returns what a preview needs and does not know, or nil.
func (p *Program) Unknown(s *Scope) *UnknownError {
	if !s.preview {
		return nil
	}
	for _, id := range p.needs {
		if s.results[id] == nil {
			return &UnknownError{Source: p.Source, Action: id, Why: s.noReply}
		}
	}
	for _, name := range p.inputs {
		if id, unknown := s.unknown[name]; unknown {
			return &UnknownError{Source: p.Source, Action: id, Why: s.noReply}
		}
	}
	if s.windowless && len(p.windows) > 0 {
		return &UnknownError{Source: p.Source, Window: p.windows[0]}
	}
	return nil
}

// Placeholder stands for a value that a preview does not know.
func Placeholder(source string) string { return "⟨" + source + "⟩" }

// RunFor evaluates the expression. It returns an error if the value is not of
// the wanted kind.
func (p *Program) RunFor(s *Scope, want Kind) (any, error) {
	v, err := p.Run(s)
	if err != nil {
		return nil, err
	}
	if err := p.Present(v, want); err != nil {
		return nil, err
	}
	if got := KindOfValue(v); want != KindAny && got != want {
		return nil, p.Fail(fmt.Errorf("expected %s, but this is %s", want, got))
	}
	return v, nil
}

// Present returns an error for an absent time or number.
func (p *Program) Present(v any, want Kind) error {
	t, isTime := v.(time.Time)
	if p.root.Before && want == KindText {
		return nil
	}
	if isTime && t.IsZero() && want != KindAny || v == nil && (p.count || want == KindTime || want == KindNumber || want == KindDuration) {
		return p.Fail(p.root.Absent())
	}
	return nil
}

// IsAbsent reports whether a value, as JSON, means absent for this expression.
func (p *Program) IsAbsent(value string) bool {
	return value == "null" || p.Kind == KindText && value == `""` || p.Kind == KindList && value == "[]" || p.count && value == "0"
}

func KindOfValue(v any) Kind {
	switch v.(type) {
	case nil:
		return KindNothing
	case string:
		return KindText
	case eval.RawText:
		return kindRaw
	case bool:
		return KindBool
	case time.Time:
		return KindTime
	case time.Duration:
		return KindDuration
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64, event.Number:
		return KindNumber
	case []any, []string:
		return KindList
	}
	return KindObject
}

// Sift returns the part of a condition that can be decided without running it.
func (p *Program) Sift(f *sieve.Fields, c Constants) *sieve.Condition {
	return f.Read(p.code.Node(), sieve.Constants(c))
}

// IsList reports whether its value is a list, if that is known at load.
func (p *Program) IsList() bool {
	t := p.code.Node().Type()
	return t != nil && t.Kind() == reflect.Slice
}

// Misreadable is a result that may not have the expected type, such as a page
// of HTML instead of JSON.
type Misreadable interface {
	// Misread says what the reply is instead, as in "is text/html, not JSON", or
	// returns "".
	Misread() string
}

// blame adds to err the reply that the expression could not use, because that
// is more useful to its author than the error itself.
func (p *Program) blame(s *Scope, err error) error {
	for _, id := range p.needs {
		m, ok := s.results[id].(Misreadable)
		if !ok || m.Misread() == "" {
			continue
		}
		text := "the reply of " + id + " " + m.Misread()
		if words := err.Error(); !strings.HasPrefix(words, "invalid ") && !strings.HasPrefix(words, "cannot fetch ") {
			text += " (" + words + ")"
		}
		return errors.New(text)
	}
	return err
}

// Kind is the type of an expression's value, as messages name it.
type Kind string

const (
	KindAny      Kind = "any"
	KindNothing  Kind = "nothing"
	KindText     Kind = "text"
	KindNumber   Kind = "a number"
	KindBool     Kind = "true or false"
	KindTime     Kind = "a time"
	KindDuration Kind = "a duration"
	KindList     Kind = "a list"
	KindObject   Kind = "an object"
	kindRaw      Kind = "raw text"
)

// Absent is the value of this kind that means absent, for a field of this type;
// nil for kinds whose values all mean something.
func (k Kind) Absent() any {
	switch k {
	case KindText:
		return ""
	case KindTime:
		return time.Time{}
	case KindList:
		return []any{}
	}
	return nil
}

func kindOf(n *nature.Nature, cache *nature.Cache) Kind {
	if n.Nil {
		return KindNothing
	}
	if n.IsUnknown(cache) {
		return KindAny
	}
	if n.Type == reflect.TypeFor[eval.RawText]() {
		return kindRaw
	}
	d := n.Deref(cache)
	switch {
	case d.IsTime():
		return KindTime
	case d.IsDuration():
		return KindDuration
	case d.IsNumber():
		return KindNumber
	case d.IsBool():
		return KindBool
	case d.IsString():
		return KindText
	case d.IsArray():
		return KindList
	}
	return KindObject
}
