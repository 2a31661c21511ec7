package eval

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// Operation is an operator on values whose types are known only at run time. It
// is exact for numbers and has readable errors.
type Operation struct {
	Op          string
	Left, Right Operand
	// Empty says that one side is the literal "" or [], which equals an absent
	// value.
	Empty bool
}

// operate is the function that replaces an operator.
func operate(args ...any) (any, error) {
	o, _ := args[0].(*Operation)
	return o.apply(args[1], args[2])
}

func (o *Operation) apply(a, b any) (any, error) {
	a, b = plainNumber(a), plainNumber(b)
	switch o.Op {
	case "==", "!=":
		equal, err := o.equal(a, b)
		return equal == (o.Op == "=="), err
	case "in":
		return o.in(a, b)
	case "contains", "startsWith", "endsWith":
		return o.search(a, b)
	}
	switch {
	case isNothing(a):
		return nil, o.Left.Absent()
	case isNothing(b):
		return nil, o.Right.Absent()
	}
	switch o.Op {
	case "<", "<=", ">", ">=":
		return o.order(a, b)
	}
	return o.arithmetic(a, b)
}

func (o *Operation) equal(a, b any) (bool, error) {
	if _, ok := a.(time.Time); ok && isNothing(a) && b != nil {
		return false, o.Left.Absent()
	}
	if _, ok := b.(time.Time); ok && isNothing(b) && a != nil {
		return false, o.Right.Absent()
	}
	if o.Empty && (isNothing(a) || isNothing(b)) {
		return true, nil
	}
	return equalValues(a, b), nil
}

// equalValues compares values, and numbers by value, not by type.
func equalValues(a, b any) bool {
	a, b = plainNumber(a), plainNumber(b)
	if isNothing(a) || isNothing(b) {
		return isNothing(a) && isNothing(b)
	}
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case int:
		if y, ok := b.(int); ok {
			return x == y
		}
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case []any:
		if y, ok := b.([]any); ok {
			return equalLists(x, y)
		}
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			return equalObjects(x, y)
		}
	}
	if isNumber(a) && isNumber(b) {
		c, ok := compareNumbers(a, b)
		return ok && c == 0
	}
	if isNumber(a) != isNumber(b) {
		return false
	}
	if x, y := reflect.ValueOf(a), reflect.ValueOf(b); x.Kind() == reflect.Slice && y.Kind() == reflect.Slice {
		return equalLists(itemsOf(x), itemsOf(y))
	}
	return runtime.Equal(a, b)
}

// Equal reports whether two values from JSON are equal. Numbers are compared by
// value, not by type.
func Equal(a, b any) bool { return equalValues(a, b) }

func equalLists(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equalValues(a[i], b[i]) {
			return false
		}
	}
	return true
}

func equalObjects(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, x := range a {
		y, ok := b[k]
		if !ok || !equalValues(x, y) {
			return false
		}
	}
	return true
}

// compareNumbers reports false for numbers that cannot be compared.
func compareNumbers(a, b any) (int, bool) {
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			return compareOrdered(x, y), true
		}
	}
	if x, ok := a.(float64); ok {
		if y, ok := b.(float64); ok {
			return compareOrdered(x, y), x == x && y == y
		}
	}
	x, okX := decimalOf(a)
	y, okY := decimalOf(b)
	if !okX || !okY {
		return 0, false
	}
	return x.compare(y), true
}

func compareOrdered[T int | float64 | time.Duration | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (o *Operation) order(a, b any) (any, error) {
	var c int
	comparable := false
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			c, comparable = strings.Compare(x, y), true
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			c, comparable = x.Compare(y), true
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			c, comparable = compareOrdered(x, y), true
		}
	default:
		if isNumber(a) && isNumber(b) {
			c, comparable = compareNumbers(a, b)
		}
	}
	if !comparable {
		return nil, o.mismatch(a, b)
	}
	switch o.Op {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

// mismatch is the error for two values that an operator cannot combine.
func (o *Operation) mismatch(a, b any) error {
	hint := "both must be numbers, text, times or durations"
	_, textA := a.(string)
	_, textB := b.(string)
	switch {
	case textA && isNumber(b) || textB && isNumber(a):
		hint = "write int(…) around the text, or string(…) around the number"
	case textA != textB && (isTime(a) || isTime(b)):
		hint = "write date(…) around the text"
	}
	return fmt.Errorf("%s does not work between %s and %s; %s", o.Op, o.Left.aside(a), o.Right.aside(b), hint)
}

func isTime(v any) bool { _, ok := v.(time.Time); return ok }

func (o *Operation) in(needle, in any) (any, error) {
	if _, ok := needle.(time.Time); ok && isNothing(needle) {
		return nil, o.Left.Absent()
	}
	switch list := in.(type) {
	case nil:
		return false, nil
	case []any:
		for _, item := range list {
			if equalValues(item, needle) {
				return true, nil
			}
		}
		return false, nil
	case []string:
		for _, item := range list {
			if item == needle {
				return true, nil
			}
		}
		return false, nil
	case map[string]any:
		name, ok := needle.(string)
		if !ok {
			return false, nil
		}
		_, found := list[name]
		return found, nil
	case string:
		return nil, fmt.Errorf("in searches lists and objects, but %s; write contains for text", o.Right.subject(in))
	}
	switch r := reflect.ValueOf(in); r.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range r.Len() {
			if equalValues(r.Index(i).Interface(), needle) {
				return true, nil
			}
		}
		return false, nil
	case reflect.Map:
		for _, key := range r.MapKeys() {
			if equalValues(key.Interface(), needle) {
				return true, nil
			}
		}
		return false, nil
	}
	if r := reflect.Indirect(reflect.ValueOf(in)); r.Kind() == reflect.Struct {
		name, _ := needle.(string)
		return fieldIndex(r.Type(), name) != nil, nil
	}
	return nil, fmt.Errorf("in searches lists and objects, but %s", o.Right.subject(in))
}

// fieldIndex finds a field by its name in expressions, or returns nil.
func fieldIndex(t reflect.Type, name string) []int {
	for _, f := range reflect.VisibleFields(t) {
		if tag := f.Tag.Get("expr"); tag == name && tag != "" && tag != "-" {
			return f.Index
		}
	}
	return nil
}

func (o *Operation) search(a, b any) (any, error) {
	if a == nil || b == nil {
		return false, nil
	}
	x, okA := a.(string)
	y, okB := b.(string)
	if !okA || !okB {
		side, v := o.Left, a
		if okA {
			side, v = o.Right, b
		}
		return nil, fmt.Errorf("%s needs text on both sides, but %s; convert it with string(…)", o.Op, side.subject(v))
	}
	switch o.Op {
	case "contains":
		return strings.Contains(x, y), nil
	case "startsWith":
		return strings.HasPrefix(x, y), nil
	}
	return strings.HasSuffix(x, y), nil
}
