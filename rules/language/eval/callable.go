package eval

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"

	"github.com/gavel-rules/gavel/event"
)

// Caller is a function that knows how its arguments are named in the source.
type Caller func(named []Operand, args ...any) (any, error)

// Callable is a function of an expression.
type Callable struct {
	Name string
	call Caller
	// needs says in words what it takes.
	needs string
	// Always says that it takes the place of the library's even for arguments of
	// known types, numeric that its result is a number of a kind that depends
	// on them.
	Always, Numeric bool
	// Plain says that it never fails, and needs no names for that.
	Plain bool
	// Moment says that its first argument is a time, which must be there.
	Moment bool
}

// NamedCall is a callable in one place of an expression.
type NamedCall struct {
	Function *Callable
	named    []Operand
}

func (f *Callable) About(args []ast.Node, _ *nature.Cache) *NamedCall {
	out := &NamedCall{Function: f, named: make([]Operand, len(args))}
	for i, a := range args {
		out.named[i] = OperandOf(a)
	}
	return out
}

func (f *Callable) Named(one Operand) *NamedCall {
	return &NamedCall{Function: f, named: []Operand{one}}
}

// UseOf is what becomes of argument i.
func (f *Callable) UseOf(i int) Use {
	switch f.Name {
	case "default":
		if i == 0 {
			return UseAsked
		}
		return UseAny
	case "json", "toJSON", "type":
		return UseAny
	}
	return UseStrict
}

// callNamed calls a function and words its errors.
func callNamed(args ...any) (out any, err error) {
	c, _ := args[0].(*NamedCall)
	args = args[1:]
	defer func() {
		if recover() != nil {
			out, err = nil, c.wrong(args)
		}
	}()
	if c.Function.Moment && (isNothing(args[0]) || args[0] == "") {
		if c.named[0].Before && (c.Function.Name == "format" || c.Function.Name == "weekday") {
			return "", nil
		}
		return nil, c.named[0].Absent()
	}
	out, err = c.Function.call(c.named, args...)
	if errors.Is(err, errWrongArguments) {
		return nil, c.wrong(args)
	}
	return out, err
}

// wrong words that a function cannot do anything with its arguments.
func (c *NamedCall) wrong(args []any) error {
	given := make([]string, len(args))
	for i, v := range args {
		given[i] = c.named[min(i, len(c.named)-1)].subject(v)
	}
	needs := c.Function.needs
	if needs == "" {
		needs = "a number, or a list of numbers"
		switch c.Function.Name {
		case "uniq", "sort":
			needs = "a list"
		case "len":
			needs = "a text, a list or an object"
		case "toJSON":
			needs = "a value that JSON can hold"
		}
	}
	return fmt.Errorf("%s() needs %s, but %s", c.Function.Name, needs, strings.Join(given, ", and "))
}

// FunctionCall returns what calls a function that the expression library does
// not have: one of list, or one that bounds another; nil if there is none of
// the name.
func FunctionCall(name string, list []Function, c *conf.Config) *Callable {
	if IsGuard(name) {
		return nil
	}
	for i := range list {
		f := &list[i]
		if f.Name != name {
			continue
		}
		moment := f.Zone > 0
		return &Callable{
			Name: name, Plain: f.Bound != "" || name == "default" || name == "json" || name == "raw", Moment: moment,
			needs: "other values, as in " + f.Signature,
			call:  func(_ []Operand, args ...any) (any, error) { return f.Call(args...) },
		}
	}
	if f, ok := c.Functions[name]; ok {
		return &Callable{
			Name: name, needs: boundedNeeds(name),
			call: func(_ []Operand, args ...any) (any, error) { return bounded(f, args) },
		}
	}
	return nil
}

func boundedNeeds(name string) string {
	if name == "join" {
		return "a list of texts, and a text to put between them"
	}
	return "a text, the part to replace, and its replacement"
}

// bounded calls replace or join. What is missing is empty, and numbers can be
// joined.
func bounded(f *builtin.Function, args []any) (any, error) {
	ready := make([]any, len(args))
	for i, v := range args {
		ready[i] = v
		switch {
		case v == nil && f.Name == "join" && i == 0:
			ready[i] = []any{}
		case v == nil:
			ready[i] = ""
		case f.Name == "join" && i == 0:
			ready[i] = textItems(v)
		}
	}
	out, err := f.Func(ready...)
	if err != nil && !errors.Is(err, errTooMuch) {
		return nil, errWrongArguments
	}
	return out, err
}

// textItems writes the numbers and truth values in a list as text.
func textItems(v any) any {
	r := reflect.ValueOf(v)
	if _, texts := v.([]string); texts || r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return v
	}
	out := make([]any, r.Len())
	for i := range out {
		item := r.Index(i).Interface()
		if _, truth := item.(bool); item == nil || truth || isNumber(plainNumber(item)) {
			item = Display(item)
		}
		out[i] = item
	}
	return out
}

func zero() *big.Int { return new(big.Int) }

// Question asks whether a value is absent, or there.
type Question struct{ There, Typed bool }

func askAbsent(args ...any) (any, error) {
	q, _ := args[0].(*Question)
	if q.Typed {
		return IsAbsent(args[1]) != q.There, nil
	}
	return isNothing(args[1]) != q.There, nil
}

func presentValue(args ...any) (any, error) {
	if n, ok := args[1].(int); ok && n == 0 || isNothing(args[1]) {
		o, _ := args[0].(*Operand)
		return nil, o.Absent()
	}
	return args[1], nil
}

func maybeValue(args ...any) (any, error) {
	if n, ok := args[1].(int); ok && n == 0 || IsAbsent(args[1]) {
		return nil, nil
	}
	return args[1], nil
}

func truthValue(args ...any) (any, error) {
	switch x := args[1].(type) {
	case nil:
		return false, nil
	case bool:
		return x, nil
	}
	o, _ := args[0].(*Operand)
	return nil, fmt.Errorf("true or false is needed, but %s; compare it with something", o.subject(args[1]))
}

func listValue(args ...any) (any, error) {
	switch x := args[1].(type) {
	case nil:
		return []any{}, nil
	case []any:
		return x, nil
	}
	r := reflect.Indirect(reflect.ValueOf(args[1]))
	if r.Kind() == reflect.Slice || r.Kind() == reflect.Array {
		return r.Interface(), nil
	}
	o, _ := args[0].(*Operand)
	return nil, fmt.Errorf("a list is needed, but %s", o.subject(args[1]))
}

// textValue refuses what matches cannot look into.
func textValue(args ...any) (any, error) {
	if _, ok := args[1].(string); ok || args[1] == nil {
		return args[1], nil
	}
	o, _ := args[0].(*Operand)
	return nil, fmt.Errorf("matches needs a text on both sides, but %s; write string(…) around it", o.subject(args[1]))
}

// sortKey makes numbers comparable for sortBy.
func sortKey(args ...any) (any, error) {
	o, _ := args[0].(*Operand)
	switch x := plainNumber(args[1]).(type) {
	case nil:
		return nil, o.Absent()
	case event.Number:
		d, ok := decimalOf(x)
		if !ok {
			return nil, errNumberTooLarge
		}
		return d.float()
	case int, float64, string, bool:
		return x, nil
	}
	if isTime(args[1]) {
		return args[1], nil
	}
	return nil, fmt.Errorf("sortBy() needs a number, a text or a time for each item, but %s", o.subject(args[1]))
}

func groupKey(args ...any) (any, error) {
	switch x := plainNumber(args[1]).(type) {
	case nil, int, float64, string, bool, event.Number:
		return x, nil
	}
	if r := reflect.ValueOf(args[1]); r.Comparable() {
		return args[1], nil
	}
	o, _ := args[0].(*Operand)
	return nil, fmt.Errorf("groupBy() needs a text, a number or a truth value for each item, but %s", o.subject(args[1]))
}

// meanings adds the functions that the rewriter inserts.
func meanings(c *conf.Config) {
	add := func(name string, call func(...any) (any, error), sample any) {
		c.Functions[name] = &builtin.Function{Name: name, Types: typesOf(sample), Func: call}
	}
	one, two := func(any, any) any { return nil }, func(any, any, any) any { return nil }
	add(OperateWord, operate, two)
	add(NegateWord, negate, one)
	add(PresentWord, presentValue, one)
	add(AbsentWord, askAbsent, func(any, any) bool { return false })
	add(MaybeWord, maybeValue, one)
	add(TruthWord, truthValue, func(any, any) bool { return false })
	add(ListWord, listValue, one)
	add(TextWord, textValue, one)
	add(FetchWord, fetchValue, two)
	add(SliceWord, sliceValue, func(any, any, any, any) any { return nil })
	add(CalleeWord, callNamed, func(any, ...any) any { return nil })
	add(SortKeyWord, sortKey, one)
	add(GroupKeyWord, groupKey, one)
}

func isMeaning(name string) bool {
	switch name {
	case OperateWord, NegateWord, PresentWord, AbsentWord, MaybeWord, TruthWord, ListWord, TextWord, FetchWord, SliceWord,
		CalleeWord, SortKeyWord, GroupKeyWord:
		return true
	}
	return false
}

func BoolType() reflect.Type    { return reflect.TypeFor[bool]() }
func AnyListType() reflect.Type { return reflect.TypeFor[[]any]() }
