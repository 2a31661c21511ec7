package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
)

// Caller is a function that gets the names of its arguments in the source.
type Caller func(named []Operand, args ...any) (any, error)

// Callable is a function of an expression.
type Callable struct {
	Name string
	call Caller
	// needs describes its arguments, for errors.
	needs string
	// Always says that it replaces the library's even for arguments of known
	// types, Numeric that the type of its number depends on the arguments.
	Always, Numeric bool
	// Plain says that it never fails, so it needs no names.
	Plain bool
	// Moment says that its first argument is a time that must be present.
	Moment bool
}

// NamedCall is a call in an expression.
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

// UseOf returns the use of argument i.
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

// callNamed calls a function and makes its errors readable.
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
	if c.Function.Name == "duration" && (isNothing(args[0]) || args[0] == "") {
		return nil, emptyValue(c.named[0], "a duration", "duration", "15m")
	}
	out, err = c.Function.call(c.named, args...)
	if errors.Is(err, errWrongArguments) {
		return nil, c.wrong(args)
	}
	return out, err
}

// wrong is the error for wrong arguments.
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
			needs = "text, a list or an object"
		case "toJSON":
			needs = "a value that can be written as JSON"
		}
	}
	hint := ""
	if needs == "text" {
		hint = "; convert it with string(…)"
	}
	return fmt.Errorf("%s() needs %s, but %s%s", c.Function.Name, needs, strings.Join(given, ", and "), hint)
}

// FunctionCall returns the call of a function that is not in the expression
// library: one of list, or one that limits a builtin; nil if there is none.
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
			needs: cmp.Or(f.Needs, "other values, as in "+f.Signature),
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
		return "a list, and the text to put between its items"
	}
	return "text, the part to replace, and its replacement"
}

// bounded calls replace or join. Missing values are empty, and numbers can be
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

// textItems converts the numbers and booleans in a list to text.
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

func zero() *big.Int            { return new(big.Int) }
func BoolType() reflect.Type    { return reflect.TypeFor[bool]() }
func AnyListType() reflect.Type { return reflect.TypeFor[[]any]() }
