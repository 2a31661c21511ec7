package eval

import (
	"fmt"
	"reflect"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"

	"github.com/gavel-rules/gavel/event"
)

// Question asks whether a value is absent, or present if There is set.
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

// textValue returns an error for a value that matches cannot search.
func textValue(args ...any) (any, error) {
	if _, ok := args[1].(string); ok || args[1] == nil {
		return args[1], nil
	}
	o, _ := args[0].(*Operand)
	return nil, fmt.Errorf("matches needs text on both sides, but %s; convert it with string(…)", o.subject(args[1]))
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
	return nil, fmt.Errorf("sortBy() needs a number, text or a time for each item, but %s", o.subject(args[1]))
}

// foundRow returns the row that find has found, or one without values.
func foundRow(args ...any) (any, error) {
	if isNothing(args[1]) {
		return args[0], nil
	}
	return args[1], nil
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
	return nil, fmt.Errorf("groupBy() needs text, a number, or true or false for each item, but %s", o.subject(args[1]))
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
	add(FoundRowWord, foundRow, one)
}

func isMeaning(name string) bool {
	switch name {
	case OperateWord, NegateWord, PresentWord, AbsentWord, MaybeWord, TruthWord, ListWord, TextWord, FetchWord, SliceWord,
		CalleeWord, SortKeyWord, GroupKeyWord, FoundRowWord:
		return true
	}
	return false
}
