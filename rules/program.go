package rules

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/gavel-rules/gavel/event"
)

// program is one compiled expression.
type program struct {
	source string
	pos    Position
	kind   kind
	code   *vm.Program
	vms    *sync.Pool
	// needs are ids of actions whose results it uses.
	needs []string
	// uses are the names that it looks at.
	uses []string
	// windows are window and throttle, as far as it uses them.
	windows []string
	// data says that it looks at the raw data of the event.
	data bool
	// constant says that it yields the same for every event.
	constant bool
	// heavy says that its work is counted.
	heavy bool
	// root names the whole expression; count says that 0 stands for nothing.
	root  operand
	count bool
	// lacks is what a condition needs of an event.
	lacks needs
	raws  []file.Location
	// gathers says that it looks at the gathered events, recalls that it looks
	// at the meeting before the event.
	gathers, recalls bool
	// env are the variables of the environment that it reads.
	env []string
}

// EvalError says that an expression could not be evaluated for one event.
type EvalError struct {
	Pos    Position
	Source string // the expression
	Err    error
}

// Error says where the expression stands, the expression, and what went wrong.
func (e *EvalError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Pos, quote(clip(e.Source, 80)), e.Err)
}

// Unwrap gives the error underneath.
func (e *EvalError) Unwrap() error { return e.Err }

// fail wraps an error of this expression.
func (p *program) fail(err error) error {
	return &EvalError{Pos: p.pos, Source: p.source, Err: err}
}

// run evaluates the expression.
func (p *program) run(s *Scope) (any, error) {
	if missing := p.unknown(s); missing != nil {
		return nil, missing
	}
	if err := s.stopped(); err != nil {
		return nil, p.fail(err)
	}
	if p.heavy {
		s.env[budgetWord] = &budget{left: maxWork}
	}
	machine, _ := p.vms.Get().(*vm.VM)
	out, err := machine.Run(p.code, s.env)
	p.vms.Put(machine)
	if err == nil {
		return out, nil
	}
	var (
		located *file.Error
		absent  *AbsentError
	)
	if errors.As(err, &absent) {
		err = absent
	} else if errors.As(err, &located) {
		err = errors.New(valueProblem(plainWords(located.Message)))
	}
	return nil, p.fail(p.blame(s, err))
}

// unknown says what a preview would need and cannot know; nil if nothing.
func (p *program) unknown(s *Scope) *UnknownError {
	if !s.preview {
		return nil
	}
	for _, id := range p.needs {
		if s.results[id] == nil {
			return &UnknownError{Source: p.source, Action: id}
		}
	}
	if s.windowless && len(p.windows) > 0 {
		return &UnknownError{Source: p.source, Window: p.windows[0]}
	}
	return nil
}

// placeholder shows an expression whose value a preview cannot know.
func placeholder(source string) string { return "⟨" + source + "⟩" }

// runFor evaluates and makes sure that the value is of the kind wanted.
func (p *program) runFor(s *Scope, want kind) (any, error) {
	v, err := p.run(s)
	if err != nil {
		return nil, err
	}
	if err := p.present(v, want); err != nil {
		return nil, err
	}
	if got := kindOfValue(v); want != kindAny && got != want {
		return nil, p.fail(fmt.Errorf("yields %s where %s is needed", got, want))
	}
	return v, nil
}

// present refuses a time or a number that is not there.
func (p *program) present(v any, want kind) error {
	t, isTime := v.(time.Time)
	if p.root.before && want == kindText {
		return nil
	}
	if isTime && t.IsZero() && want != kindAny || v == nil && (p.count || want == kindTime || want == kindNumber || want == kindDuration) {
		return p.fail(p.root.absent())
	}
	return nil
}

// isAbsent reports whether the JSON of a value is what this expression yields
// for something that is not there.
func (p *program) isAbsent(value string) bool {
	return value == "null" || p.kind == kindText && value == `""` || p.kind == kindList && value == "[]" || p.count && value == "0"
}

func kindOfValue(v any) kind {
	switch v.(type) {
	case nil:
		return kindNothing
	case string:
		return kindText
	case rawText:
		return kindRaw
	case bool:
		return kindBool
	case time.Time:
		return kindTime
	case time.Duration:
		return kindDuration
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64, event.Number:
		return kindNumber
	case []any, []string:
		return kindList
	}
	return kindObject
}

// isList reports whether it yields a list, as far as that is known at load.
func (p *program) isList() bool {
	t := p.code.Node().Type()
	return t != nil && t.Kind() == reflect.Slice
}

// byteOffset turns a count of characters into one of bytes.
func byteOffset(s string, runes int) int {
	i := 0
	for ; runes > 0 && i < len(s); runes-- {
		_, n := utf8.DecodeRuneInString(s[i:])
		i += n
	}
	return i
}
