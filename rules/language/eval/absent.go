package eval

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// AbsentError says that an expression needs a time or number that is absent.
// The expression is then neither true nor false.
type AbsentError struct {
	// What says what is missing, as in "this event has no meetingEnd".
	What string
	// Path is its name in the expression; empty if it has none.
	Path string
}

// Error says what is missing and what to write instead.
func (e *AbsentError) Error() string {
	if e.Path == "" {
		return e.What + "; check it with == nil first, or give another value with default(…, …)"
	}
	return fmt.Sprintf("%s; check it with has(%s) first, or give another value with default(%s, …)", e.What, e.Path, e.Path)
}

// Failed is embedded in the results of actions that can fail.
type Failed struct {
	Error ActionError `json:"error,omitzero" expr:"error" doc:"Why the action has failed, if on_error is continue: error.cause, such as timeout, and error.text. Absent if it has not."`
}

// ActionError says why an action has failed, for later actions.
type ActionError struct {
	Cause string `json:"cause" expr:"cause"`
	Text  string `json:"text" expr:"text"`
}

// maxErrorText is the longest text of an ActionError, in characters.
const maxErrorText = 1000

// Fail records why the action has failed.
func (f *Failed) Fail(cause event.Cause, why string) {
	f.Error = ActionError{Cause: string(cause), Text: text.Clip(why, maxErrorText)}
}

// Operand is the name of a part of an expression, for errors.
type Operand struct {
	path string // names with dots, or a call; empty for anything else
	lack string // that it is missing, in words
	// empty says that lack means an empty value rather than a missing one.
	empty bool
	// Before says that it is part of previous, which is often not known and then
	// empty in text.
	Before bool
}

func (o Operand) Absent() error {
	if o.lack == "" {
		return &AbsentError{What: "a value is missing"}
	}
	return &AbsentError{What: o.lack, Path: o.path}
}

// subject returns the operand and its value, as in "x is the number 7".
func (o Operand) subject(v any) string {
	if o.path == "" {
		return valueWords(v)
	}
	return o.path + " is " + valueWords(v)
}

// aside returns the operand with its value in brackets, as in "x (the number
// 7)".
func (o Operand) aside(v any) string {
	if o.path == "" {
		return valueWords(v)
	}
	return o.path + " (" + valueWords(v) + ")"
}

// OperandOf names a node as in the source.
func OperandOf(n ast.Node) Operand {
	if call, ok := n.(*ast.CallNode); ok {
		return callOperand(call)
	}
	path, ok := pathNames(n)
	if !ok || len(path) == 0 {
		return Operand{}
	}
	root, rest := path[0], strings.Join(path[1:], ".")
	full := strings.Join(path, ".")
	switch {
	case root == "#":
		if rest == "" {
			return Operand{path: "#", lack: "an item of the list is missing"}
		}
		return Operand{path: full, lack: "an item of the list has no " + rest}
	case rest == "":
		return Operand{path: full, lack: full + " is missing"}
	case root == WordMeeting || root == WordEvent || root == WordOwn:
		return Operand{path: full, lack: "this event has no " + path[len(path)-1]}
	case root == WordData || root == WordChange:
		return Operand{path: full, lack: "this event has no " + full}
	case root == WordPrevious:
		return Operand{path: full, lack: "the meeting's previous state has no " + path[len(path)-1], Before: true}
	case root == WordMemory:
		return Operand{path: full, lack: "nothing is remembered as " + rest}
	case root == WordInputs:
		return Operand{path: full, lack: "the input " + rest + " is absent"}
	case root == WordActions && len(path) > 2:
		return Operand{path: full, lack: "the result of " + path[1] + " has no " + strings.Join(path[2:], ".")}
	}
	return Operand{path: full, lack: root + " has no " + rest}
}

// callOperand names a call by its function, and the answer to a question by the
// question.
func callOperand(call *ast.CallNode) Operand {
	callee, ok := call.Callee.(*ast.IdentifierNode)
	if !ok {
		return Operand{}
	}
	if name, row := strings.CutPrefix(callee.Value, RowWord); row {
		path := "tables." + name + "[…]"
		return Operand{path: path, lack: path + " has no row of this key"}
	}
	if callee.Value == "answer" && len(call.Arguments) == 2 {
		if question, ok := call.Arguments[1].(*ast.StringNode); ok {
			return Operand{
				path: "answer(" + text.Quote(question.Value) + ")",
				lack: "the answer to " + text.Quote(question.Value) + " is empty", empty: true,
			}
		}
	}
	return Operand{path: callee.Value + "(…)", lack: callee.Value + "(…) has no value"}
}

// pathNames lists the names of a path, such as meeting, meetingEnd.
func pathNames(n ast.Node) ([]string, bool) {
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return []string{x.Value}, true
	case *ast.PointerNode:
		return []string{"#" + x.Name}, true
	case *ast.ChainNode:
		return pathNames(x.Node)
	case *ast.CallNode:
		if callee, ok := x.Callee.(*ast.IdentifierNode); ok {
			if name, row := strings.CutPrefix(callee.Value, RowWord); row {
				return []string{"tables." + name + "[…]"}, true
			}
		}
	case *ast.MemberNode:
		base, ok := pathNames(x.Node)
		if !ok {
			return nil, false
		}
		switch p := x.Property.(type) {
		case *ast.StringNode:
			return append(base, p.Value), true
		case *ast.IntegerNode:
			last := len(base) - 1
			base[last] = fmt.Sprintf("%s[%d]", base[last], p.Value)
			return base, true
		}
	}
	return nil, false
}

// IsAbsent reports whether the value of a typed field is absent: nil, a zero
// time, empty text, an empty list, or an empty meeting.
func IsAbsent(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case time.Time:
		return x.IsZero()
	case time.Duration, bool, int, float64, event.Number:
		return false
	case *event.Meeting:
		return !IsGiven(x)
	case *event.Change:
		return x.Absent()
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Map:
		return r.Len() == 0
	case reflect.Struct:
		return r.IsZero()
	case reflect.Pointer:
		return r.IsNil() || r.Elem().Kind() == reflect.Struct && r.Elem().IsZero()
	}
	return false
}

// isNothing is like IsAbsent for values of unknown type, where empty text and
// an empty list are values.
func isNothing(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case time.Time:
		return x.IsZero()
	}
	return false
}

// IsGiven reports whether an event has a meeting.
func IsGiven(m *event.Meeting) bool {
	return m != nil && (m.ID != "" || !m.Start.IsZero() || !reflect.ValueOf(*m).IsZero())
}

// valueWords describes a value, for errors.
func valueWords(v any) string {
	switch x := plainNumber(v).(type) {
	case nil:
		return "missing"
	case string:
		if x == "" {
			return "empty text"
		}
		return "the text " + text.Quote(text.Clip(x, 40))
	case RawText:
		return "the result of raw()"
	case bool:
		return Display(x)
	case time.Time:
		if x.IsZero() {
			return "missing"
		}
		return "the time " + Display(x)
	case time.Duration:
		return "the duration " + Display(x)
	}
	if isNumber(plainNumber(v)) {
		return "the number " + text.Clip(Display(v), 40)
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice || r.Kind() == reflect.Array {
		return "a list"
	}
	return "an object"
}
