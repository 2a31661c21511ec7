package eval

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
)

// BuiltinCall returns the replacement of a builtin of the expression library:
// the same with exact numbers, characters and readable errors.
func BuiltinCall(name string, c *conf.Config) *Callable {
	if f, ok := ownBuiltins()[name]; ok {
		f.Name = name
		return &f
	}
	original := c.Builtins[name]
	if original == nil {
		return nil
	}
	f := &Callable{Name: name, needs: builtinNeeds(name)}
	f.call = func(_ []Operand, args ...any) (any, error) { return callOriginal(f, original, args) }
	return f
}

// ownBuiltins are the builtins that Gavel implements itself.
func ownBuiltins() map[string]Callable {
	return map[string]Callable{
		"string":      {call: stringOf, Always: true},
		"int":         {call: intOf, Numeric: true},
		"float":       {call: floatOf, Numeric: true},
		"abs":         {call: numberFunc(absOf), Numeric: true},
		"ceil":        {call: numberFunc(roundedBy("ceil")), Numeric: true},
		"floor":       {call: numberFunc(roundedBy("floor")), Numeric: true},
		"round":       {call: numberFunc(roundedBy("round")), Numeric: true},
		"min":         {call: extreme(-1), Numeric: true},
		"max":         {call: extreme(1), Numeric: true},
		"sum":         {call: sumOf, Numeric: true},
		"mean":        {call: meanOf, Numeric: true},
		"median":      {call: medianOf, Numeric: true},
		"toJSON":      {call: toJSON, Always: true},
		"fromJSON":    {call: fromJSON, Always: true},
		"indexOf":     {call: indexBy(strings.Index), Always: true, needs: "text for both arguments"},
		"lastIndexOf": {call: indexBy(strings.LastIndex), Always: true, needs: "text for both arguments"},
		"uniq":        {call: uniqOf, Always: true},
		"sort":        {call: sortOf},
		"len":         {call: lenOf},
		"type":        {call: typeOf, Always: true},
		"date":        {call: dateOf, Always: true},
		"get":         {call: getOf, Always: true},
	}
}

func builtinNeeds(name string) string {
	switch name {
	case "upper", "lower", "trim", "trimPrefix", "trimSuffix", "split", "splitAfter", "hasPrefix", "hasSuffix",
		"toBase64", "timezone":
		return "text"
	case "fromBase64":
		return "text in base64"
	case "repeat":
		return "text and a count, a whole number from 0"
	case "keys", "values", "toPairs":
		return "an object"
	case "concat", "flatten", "reverse", "first", "last", "fromPairs":
		return "a list"
	case "take":
		return "a list and a count, a whole number from 0"
	}
	return "other values"
}

// callOriginal calls a builtin of the library. Missing text is empty, and so is
// a missing list.
func callOriginal(f *Callable, original *builtin.Function, args []any) (out any, err error) {
	args = slices.Clone(args)
	for i, v := range args {
		if v == nil {
			args[i] = missingArgument(f.Name, i)
		}
	}
	defer func() {
		if recover() != nil {
			out, err = nil, errWrongArguments
		}
	}()
	if f.Name == "repeat" {
		for _, v := range args {
			if _, err := boundedRepeat(v); errors.Is(err, errTooMuch) {
				return nil, err
			}
		}
	}
	switch {
	case original.Fast != nil:
		return original.Fast(args[0]), nil
	case original.Safe != nil:
		var size uint
		out, size, err = original.Safe(args...)
		if size > MemoryBudget && f.Name != "repeat" {
			return nil, errTooMuch
		}
	default:
		out, err = original.Func(args...)
	}
	if err != nil && err.Error() == errTooMuch.Error() {
		return nil, errTooMuch
	}
	if err != nil {
		return nil, errWrongArguments
	}
	return out, nil
}

// errWrongArguments replaces the library's errors about arguments.
var errWrongArguments = errors.New("wrong arguments")

// indexBy counts characters, as len does.
func indexBy(find func(s, part string) int) Caller {
	return func(_ []Operand, args ...any) (any, error) {
		s, okS := orEmpty(args[0])
		part, okP := orEmpty(args[1])
		if !okS || !okP {
			return nil, errWrongArguments
		}
		i := find(s, part)
		if i < 0 {
			return i, nil
		}
		return utf8.RuneCountInString(s[:i]), nil
	}
}

func orEmpty(v any) (string, bool) {
	if v == nil {
		return "", true
	}
	s, ok := v.(string)
	return s, ok
}
