package language

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// operation is an operator between values of which the type is known only when
// an event comes: exact for numbers, and with errors in words.
type operation struct {
	op          string
	left, right operand
	// empty says that one side is "" or [] as written: what is absent equals it.
	empty bool
}

// operate is the function that takes the place of an operator.
func operate(args ...any) (any, error) {
	o, _ := args[0].(*operation)
	return o.apply(args[1], args[2])
}

func (o *operation) apply(a, b any) (any, error) {
	a, b = plainNumber(a), plainNumber(b)
	switch o.op {
	case "==", "!=":
		equal, err := o.equal(a, b)
		return equal == (o.op == "=="), err
	case "in":
		return o.in(a, b)
	case "contains", "startsWith", "endsWith":
		return o.search(a, b)
	}
	switch {
	case isNothing(a):
		return nil, o.left.absent()
	case isNothing(b):
		return nil, o.right.absent()
	}
	switch o.op {
	case "<", "<=", ">", ">=":
		return o.order(a, b)
	}
	return o.arithmetic(a, b)
}

func (o *operation) equal(a, b any) (bool, error) {
	if _, ok := a.(time.Time); ok && isNothing(a) && b != nil {
		return false, o.left.absent()
	}
	if _, ok := b.(time.Time); ok && isNothing(b) && a != nil {
		return false, o.right.absent()
	}
	if o.empty && (isNothing(a) || isNothing(b)) {
		return true, nil
	}
	return equalValues(a, b), nil
}

// equalValues compares values, numbers by what they are worth.
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

// Equal reports whether two values from JSON are the same, numbers by what they
// are worth.
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

func (o *operation) order(a, b any) (any, error) {
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
		return nil, o.unlike(a, b)
	}
	switch o.op {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

// unlike words that two values do not go together.
func (o *operation) unlike(a, b any) error {
	hint := "both must be numbers, texts, times or durations"
	_, textA := a.(string)
	_, textB := b.(string)
	switch {
	case textA && isNumber(b) || textB && isNumber(a):
		hint = "write int(…) around the text, or string(…) around the number"
	case textA != textB && (isTime(a) || isTime(b)):
		hint = "write date(…) around the text"
	}
	return fmt.Errorf("%s does not work between %s and %s; %s", o.op, o.left.aside(a), o.right.aside(b), hint)
}

func isTime(v any) bool { _, ok := v.(time.Time); return ok }

func (o *operation) arithmetic(a, b any) (any, error) {
	switch {
	case isNumber(a) && isNumber(b):
		return o.numbers(a, b)
	case o.op == "+":
		if x, ok := a.(string); ok {
			if y, ok := b.(string); ok {
				return x + y, nil
			}
		}
	}
	if out, ok := o.times(a, b); ok {
		return out, nil
	}
	return nil, o.unlike(a, b)
}

func (o *operation) times(a, b any) (any, bool) {
	t, isT := a.(time.Time)
	d, isD := a.(time.Duration)
	u, isU := b.(time.Time)
	e, isE := b.(time.Duration)
	switch {
	case o.op == "+" && isT && isE:
		return t.Add(e), true
	case o.op == "+" && isD && isU:
		return u.Add(d), true
	case o.op == "+" && isD && isE:
		return d + e, true
	case o.op == "-" && isT && isU:
		return t.Sub(u), true
	case o.op == "-" && isT && isE:
		return t.Add(-e), true
	case o.op == "-" && isD && isE:
		return d - e, true
	case o.op == "/" && isD && isNumber(b) && runtimeFloat(b) != 0:
		return time.Duration(float64(d) / runtimeFloat(b)), true
	case o.op == "/" && isD && isE && e != 0:
		return divide(big.NewInt(int64(d)), big.NewInt(int64(e))), true
	case o.op == "*" && isD && isNumber(b):
		return time.Duration(float64(d) * runtimeFloat(b)), true
	case o.op == "*" && isE && isNumber(a):
		return time.Duration(float64(e) * runtimeFloat(a)), true
	}
	return nil, false
}

func runtimeFloat(v any) float64 {
	d, ok := decimalOf(v)
	if !ok {
		return 0
	}
	f, err := d.float()
	if err != nil {
		return 0
	}
	return f
}

func (o *operation) numbers(a, b any) (any, error) {
	if i, ok := a.(int); ok {
		if j, ok := b.(int); ok {
			if out, ok := wholeNumbers(o.op, i, j); ok {
				return out, nil
			}
		}
	}
	x, okX := decimalOf(a)
	y, okY := decimalOf(b)
	if !okX || !okY {
		return nil, errNumberTooLarge
	}
	if o.op == "**" || o.op == "^" {
		return power(x, y)
	}
	if o.op == "%" && (x.exp < 0 || y.exp < 0) {
		return nil, errors.New("% needs whole numbers on both sides: " + o.left.subject(a) + ", and " + o.right.subject(b))
	}
	return calculate(o.op, x, y)
}

// wholeNumbers is the short way for what stays within the bounds of int, which
// is then a number that lists are counted with.
func wholeNumbers(op string, a, b int) (int, bool) {
	switch op {
	case "+":
		sum := a + b
		return sum, (sum > a) == (b > 0)
	case "-":
		difference := a - b
		return difference, (difference < a) == (b > 0)
	case "*":
		if a == 0 || b == 0 {
			return 0, true
		}
		product := a * b
		return product, product/b == a && (a != -1 || b != math.MinInt) && (b != -1 || a != math.MinInt)
	case "%":
		if b != 0 {
			return a % b, true
		}
	}
	return 0, false
}

func (o *operation) in(needle, in any) (any, error) {
	if _, ok := needle.(time.Time); ok && isNothing(needle) {
		return nil, o.left.absent()
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
		return nil, fmt.Errorf("in looks into lists and objects, but %s; write contains for a text", o.right.subject(in))
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
	return nil, fmt.Errorf("in looks into lists and objects, but %s", o.right.subject(in))
}

// fieldIndex finds a field by the name that authors use; nil if there is none.
func fieldIndex(t reflect.Type, name string) []int {
	for _, f := range reflect.VisibleFields(t) {
		if tag := f.Tag.Get("expr"); tag == name && tag != "" && tag != "-" {
			return f.Index
		}
	}
	return nil
}

func (o *operation) search(a, b any) (any, error) {
	if a == nil || b == nil {
		return false, nil
	}
	x, okA := a.(string)
	y, okB := b.(string)
	if !okA || !okB {
		side, v := o.left, a
		if okA {
			side, v = o.right, b
		}
		return nil, fmt.Errorf("%s needs a text on both sides, but %s; write string(…) around it", o.op, side.subject(v))
	}
	switch o.op {
	case "contains":
		return strings.Contains(x, y), nil
	case "startsWith":
		return strings.HasPrefix(x, y), nil
	}
	return strings.HasSuffix(x, y), nil
}

// negate is the minus in front of a value of unknown type.
func negate(args ...any) (any, error) {
	o, _ := args[0].(*operand)
	v := plainNumber(args[1])
	if isNothing(v) {
		return nil, o.absent()
	}
	if d, ok := v.(time.Duration); ok {
		return -d, nil
	}
	d, ok := decimalOf(v)
	if !ok {
		return nil, fmt.Errorf("- needs a number behind it, but %s", o.subject(v))
	}
	return calculate("-", decimal{coef: zero()}, d)
}
