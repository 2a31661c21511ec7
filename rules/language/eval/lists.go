package eval

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/rules/language/wording"
)

// numbersIn lists the numbers in arguments and in nested lists.
func numbersIn(args []any, out []any, depth int) ([]any, error) {
	if depth > 100 {
		return nil, errWrongArguments
	}
	for _, v := range args {
		v = plainNumber(v)
		if isNumber(v) || isTime(v) {
			out = append(out, v)
			continue
		}
		r := reflect.ValueOf(v)
		if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
			return nil, errWrongArguments
		}
		items, err := numbersIn(itemsOf(r), nil, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
	}
	return out, nil
}

func itemsOf(r reflect.Value) []any {
	out := make([]any, r.Len())
	for i := range out {
		out[i] = r.Index(i).Interface()
	}
	return out
}

func extreme(want int) Caller {
	return func(_ []Operand, args ...any) (any, error) {
		values, err := numbersIn(presentLists(args), nil, 0)
		if err != nil || len(values) == 0 {
			return nil, err
		}
		best := values[0]
		for _, v := range values[1:] {
			c, ok := compareAny(v, best)
			if !ok {
				return nil, errWrongArguments
			}
			if c == want {
				best = v
			}
		}
		return best, nil
	}
}

// presentLists returns no arguments if the only one is missing.
func presentLists(args []any) []any {
	if len(args) == 1 && args[0] == nil {
		return nil
	}
	return args
}

// compareAny orders two values of one kind.
func compareAny(a, b any) (int, bool) {
	a, b = plainNumber(a), plainNumber(b)
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	case time.Time:
		y, ok := b.(time.Time)
		return x.Compare(y), ok
	case time.Duration:
		y, ok := b.(time.Duration)
		return compareOrdered(x, y), ok
	}
	if !isNumber(a) || !isNumber(b) {
		return 0, false
	}
	return compareNumbers(a, b)
}

// decimalsIn returns the numbers in arguments as decimals.
func decimalsIn(args []any) ([]decimal, error) {
	values, err := numbersIn(presentLists(args), nil, 0)
	if err != nil {
		return nil, err
	}
	out := make([]decimal, len(values))
	for i, v := range values {
		d, ok := decimalOf(v)
		if !ok {
			return nil, errWrongArguments
		}
		if d.tooLarge() {
			return nil, errNumberTooLarge
		}
		out[i] = d
	}
	return out, nil
}

func totalOf(values []decimal) decimal {
	total := decimal{coef: zero()}
	for _, d := range values {
		x, y, exp := align(total, d)
		total = decimal{x.Add(zero(), x).Add(x.Add(zero(), x), y), exp}
	}
	return total
}

func sumOf(_ []Operand, args ...any) (any, error) {
	values, err := decimalsIn(args)
	if err != nil {
		return nil, err
	}
	return totalOf(values).value(), nil
}

func meanOf(_ []Operand, args ...any) (any, error) {
	values, err := decimalsIn(args)
	if err != nil || len(values) == 0 {
		return 0, err
	}
	n, _ := decimalOf(len(values))
	return calculate("/", totalOf(values), n)
}

func medianOf(_ []Operand, args ...any) (any, error) {
	values, err := decimalsIn(args)
	if err != nil || len(values) == 0 {
		return 0, err
	}
	slices.SortFunc(values, decimal.compare)
	half := len(values) / 2
	if len(values)%2 == 1 {
		return values[half].value(), nil
	}
	two, _ := decimalOf(2)
	return calculate("/", totalOf(values[half-1:half+1]), two)
}

func uniqOf(_ []Operand, args ...any) (any, error) {
	if args[0] == nil {
		return []any{}, nil
	}
	r := reflect.ValueOf(args[0])
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return nil, errWrongArguments
	}
	out, seen := []any{}, map[any]bool{}
	for i := range r.Len() {
		item := r.Index(i).Interface()
		key := keyOf(item)
		if !seen[key] {
			seen[key] = true
			out = append(out, item)
		}
	}
	return out, nil
}

// keyOf returns equal keys for equal values.
func keyOf(v any) any {
	switch x := plainNumber(v).(type) {
	case nil, string, bool, int, time.Duration:
		return x
	case time.Time:
		return x.UnixNano()
	}
	if d, ok := decimalOf(v); ok && !d.tooLarge() {
		return keyOfNumber(d)
	}
	text, err := JsonText(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return [1]string{text}
}

func keyOfNumber(d decimal) any {
	v := d.value()
	if _, ok := v.(int); ok {
		return v
	}
	return [2]string{"number", d.String()}
}

func sortOf(_ []Operand, args ...any) (any, error) {
	if args[0] == nil {
		return []any{}, nil
	}
	r := reflect.ValueOf(args[0])
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return nil, errWrongArguments
	}
	descending := false
	if len(args) == 2 {
		switch args[1] {
		case "asc":
		case "desc":
			descending = true
		default:
			return nil, errors.New(`sort() needs "asc" or "desc" as its second argument`)
		}
	}
	out, mixed := itemsOf(r), false
	sort.SliceStable(out, func(i, j int) bool {
		c, ok := compareAny(out[i], out[j])
		mixed = mixed || !ok
		return c < 0 && !descending || c > 0 && descending
	})
	if mixed {
		return nil, errors.New("sort() needs a list of only numbers, only text or only times")
	}
	return out, nil
}

func lenOf(_ []Operand, args ...any) (any, error) {
	if args[0] == nil {
		return 0, nil
	}
	switch r := reflect.ValueOf(args[0]); r.Kind() {
	case reflect.String:
		return utf8.RuneCountInString(r.String()), nil
	case reflect.Slice, reflect.Array, reflect.Map:
		return r.Len(), nil
	}
	return nil, errWrongArguments
}

// CSVWord is the function that writes a list as comma-separated values.
const CSVWord = "csv"

// csvOf writes the items of a list, which are objects with the same names, as
// rows: those of a table or of what a schedule collects in the order of their
// columns, others sorted by name.
func csvOf(args ...any) (any, error) {
	if args[0] == nil {
		return "", nil
	}
	list := reflect.ValueOf(args[0])
	if list.Kind() != reflect.Slice && list.Kind() != reflect.Array {
		return nil, errWrongArguments
	}
	if of := structIn(list.Type().Elem()); of != nil {
		return csvOfStructs(list, of)
	}
	header := map[string]bool{}
	rows := make([]map[string]any, list.Len())
	for i := range rows {
		plain, err := PlainValue(list.Index(i).Interface())
		row, ok := plain.(map[string]any)
		if err != nil || !ok {
			return nil, errWrongArguments
		}
		for name := range row {
			header[name] = true
		}
		rows[i] = row
	}
	names := slices.Sorted(maps.Keys(header))
	return wording.CSV(names, len(rows), func(row, column int) (string, bool) { return csvCell(rows[row][names[column]]) })
}

// structIn is the struct that a type is or points to; nil if it is none, or a
// time.
func structIn(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() == "time" {
		return nil
	}
	return t
}

func csvOfStructs(list reflect.Value, of reflect.Type) (any, error) {
	var names []string
	for f := range of.Fields() {
		names = append(names, f.Tag.Get("expr"))
	}
	return wording.CSV(names, list.Len(), func(row, column int) (string, bool) {
		item := list.Index(row)
		if item.Kind() == reflect.Pointer {
			if item.IsNil() {
				return "", true
			}
			item = item.Elem()
		}
		return csvCell(item.Field(column).Interface())
	})
}

// csvCell returns a value as text, and whether it is anything but text.
func csvCell(v any) (text string, plain bool) {
	v = plainNumber(v)
	_, truth := v.(bool)
	return Display(v), truth || isNumber(v) || isTime(v)
}
