package language

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// builtinCall returns what takes the place of a builtin of the expression
// library: the same with exact numbers, characters and errors in words.
func builtinCall(name string, c *conf.Config) *callable {
	if f, ok := ownBuiltins()[name]; ok {
		f.name = name
		return &f
	}
	original := c.Builtins[name]
	if original == nil {
		return nil
	}
	f := &callable{name: name, needs: builtinNeeds(name)}
	f.call = func(_ []operand, args ...any) (any, error) { return callOriginal(f, original, args) }
	return f
}

// ownBuiltins are those that Gavel works out itself. always says that they
// differ for values of known types, too.
func ownBuiltins() map[string]callable {
	return map[string]callable{
		"string":      {call: stringOf, always: true},
		"int":         {call: intOf, numeric: true},
		"float":       {call: floatOf, numeric: true},
		"abs":         {call: numberFunc(absOf), numeric: true},
		"ceil":        {call: numberFunc(roundedBy("ceil")), numeric: true},
		"floor":       {call: numberFunc(roundedBy("floor")), numeric: true},
		"round":       {call: numberFunc(roundedBy("round")), numeric: true},
		"min":         {call: extreme(-1), numeric: true},
		"max":         {call: extreme(1), numeric: true},
		"sum":         {call: sumOf, numeric: true},
		"mean":        {call: meanOf, numeric: true},
		"median":      {call: medianOf, numeric: true},
		"toJSON":      {call: toJSON, always: true},
		"fromJSON":    {call: fromJSON, always: true},
		"indexOf":     {call: indexBy(strings.Index), always: true, needs: "two texts"},
		"lastIndexOf": {call: indexBy(strings.LastIndex), always: true, needs: "two texts"},
		"uniq":        {call: uniqOf, always: true},
		"sort":        {call: sortOf},
		"len":         {call: lenOf},
		"type":        {call: typeOf, always: true},
		"date":        {call: dateOf, always: true},
	}
}

func builtinNeeds(name string) string {
	switch name {
	case "upper", "lower", "trim", "trimPrefix", "trimSuffix", "split", "splitAfter", "hasPrefix", "hasSuffix",
		"toBase64", "timezone":
		return "a text; write string(…) around it"
	case "fromBase64":
		return "a text in base64"
	case "repeat":
		return "a text and how often, a whole number that is not negative"
	case "keys", "values", "toPairs":
		return "an object"
	case "concat", "flatten", "reverse", "first", "last", "fromPairs":
		return "a list"
	case "take":
		return "a list and how many, a whole number that is not negative"
	}
	return "other values"
}

// callOriginal calls a builtin of the library. A missing text is empty, and so
// is a missing list.
func callOriginal(f *callable, original *builtin.Function, args []any) (out any, err error) {
	args = slices.Clone(args)
	for i, v := range args {
		if v == nil {
			args[i] = missingArgument(f.name, i)
		} else if n, ok := v.(event.Number); ok && n.String() != "" {
			args[i] = v
		}
	}
	defer func() {
		if recover() != nil {
			out, err = nil, errWrongArguments
		}
	}()
	if f.name == "repeat" {
		for _, v := range args {
			if _, err := boundedRepeat(v); err != nil {
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
		if size > memoryBudget && f.name != "repeat" {
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

// errWrongArguments stands for whatever the library says of its arguments.
var errWrongArguments = errors.New("wrong arguments")

func missingArgument(name string, i int) any {
	switch name {
	case "upper", "lower", "trim", "trimPrefix", "trimSuffix", "split", "splitAfter", "hasPrefix", "hasSuffix",
		"toBase64", "fromBase64", "repeat":
		if i < 2 && (name != "repeat" || i == 0) {
			return ""
		}
	case "concat", "flatten", "reverse", "take", "fromPairs":
		if i == 0 || name == "concat" {
			return []any{}
		}
	case "keys", "values", "toPairs":
		return map[string]any{}
	}
	return nil
}

func stringOf(named []operand, args ...any) (any, error) {
	if t, ok := args[0].(time.Time); ok && t.IsZero() {
		return nil, named[0].absent()
	}
	return Display(args[0]), nil
}

func intOf(named []operand, args ...any) (any, error) {
	v := plainNumber(args[0])
	switch x := v.(type) {
	case int:
		return x, nil
	case string:
		if strings.TrimSpace(x) == "" {
			return nil, emptyNumber(named[0], "int", "0")
		}
		literal := strings.TrimPrefix(strings.TrimSpace(x), "+")
		if !isWhole(literal) {
			return nil, fmt.Errorf("int() needs a whole number, but %s; write int(float(…)) for one with decimals, or compare the text itself", named[0].subject(x))
		}
		return event.NumberOf(canonical(literal)), nil
	case nil:
		return nil, emptyNumber(named[0], "int", "0")
	case time.Duration:
		return int(x), nil
	}
	d, ok := decimalOf(v)
	if !ok {
		return nil, fmt.Errorf("int() needs a number, but %s", named[0].subject(v))
	}
	if d.coef.Sign() < 0 {
		return d.rounded("ceil")
	}
	return d.rounded("floor")
}

// emptyNumber words that a number was asked of nothing.
func emptyNumber(named operand, function, other string) error {
	if named.path == "" {
		return fmt.Errorf("%s() needs a number, but its value is missing or empty; write default(…, %s) inside it", function, other)
	}
	lack := named.lack
	if !named.empty {
		lack = named.path + " is missing or empty"
	}
	return fmt.Errorf("%s, not a number; write %s(default(%s, %s))", lack, function, named.path, text.Quote(other))
}

func isWhole(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && len(s) <= maxDigits && strings.Trim(s, "0123456789") == ""
}

// canonical drops the zeros in front, which no number in JSON has.
func canonical(s string) string {
	minus := ""
	if strings.HasPrefix(s, "-") {
		minus, s = "-", s[1:]
	}
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0"
	}
	return minus + s
}

func floatOf(named []operand, args ...any) (any, error) {
	v := plainNumber(args[0])
	switch x := v.(type) {
	case int:
		if int(float64(x)) == x {
			return float64(x), nil
		}
		return x, nil
	case float64, event.Number:
		return x, nil
	case nil:
		return nil, emptyNumber(named[0], "float", "0")
	case string:
		text := strings.TrimSpace(x)
		if text == "" {
			return nil, emptyNumber(named[0], "float", "0")
		}
		if d, ok := parseDecimal(text); ok && strings.ContainsAny(text, "0123456789") && !d.tooLarge() {
			return d.value(), nil
		}
	}
	return nil, fmt.Errorf("float() needs a number such as 12.5, but %s", named[0].subject(v))
}

// numberFunc is a function of one number.
func numberFunc(call func(decimal) (any, error)) caller {
	return func(named []operand, args ...any) (any, error) {
		v := plainNumber(args[0])
		if isNothing(v) {
			return nil, named[0].absent()
		}
		d, ok := decimalOf(v)
		if !ok {
			return nil, errWrongArguments
		}
		return call(d)
	}
}

func absOf(d decimal) (any, error) {
	if d.coef.Sign() < 0 {
		return calculate("-", decimal{coef: zero()}, d)
	}
	return d.value(), nil
}

func roundedBy(how string) func(decimal) (any, error) {
	return func(d decimal) (any, error) { return d.rounded(how) }
}

// numbersIn lists the numbers in arguments and in lists inside them.
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

func extreme(want int) caller {
	return func(_ []operand, args ...any) (any, error) {
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

// presentLists leaves out lists that are missing.
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

// decimalsIn are the numbers in arguments, ready to be calculated with.
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

func sumOf(_ []operand, args ...any) (any, error) {
	values, err := decimalsIn(args)
	if err != nil {
		return nil, err
	}
	return totalOf(values).value(), nil
}

func meanOf(_ []operand, args ...any) (any, error) {
	values, err := decimalsIn(args)
	if err != nil || len(values) == 0 {
		return 0, err
	}
	n, _ := decimalOf(len(values))
	return calculate("/", totalOf(values), n)
}

func medianOf(_ []operand, args ...any) (any, error) {
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

func toJSON(_ []operand, args ...any) (any, error) {
	plain, err := PlainValue(args[0])
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(plain, "", "  ")
	if err != nil {
		return nil, errWrongArguments
	}
	return string(out), nil
}

func fromJSON(named []operand, args ...any) (any, error) {
	content, ok := args[0].(string)
	if args[0] == nil || ok && strings.TrimSpace(content) == "" {
		return nil, errors.New("fromJSON() needs a text with JSON, but " + orValue(named[0].path) + " is missing or empty")
	}
	if !ok {
		return nil, fmt.Errorf("fromJSON() needs a text with JSON, but %s", named[0].subject(args[0]))
	}
	v, err := event.ReadJSON([]byte(content))
	if err != nil {
		return nil, fmt.Errorf("fromJSON() needs JSON, but %s is not", orValue(named[0].path)+" "+text.Quote(text.Clip(content, 40)))
	}
	return v, nil
}

func orValue(path string) string {
	if path == "" {
		return "the value"
	}
	return path
}

// indexBy counts characters, as len does.
func indexBy(find func(s, part string) int) caller {
	return func(_ []operand, args ...any) (any, error) {
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

func uniqOf(_ []operand, args ...any) (any, error) {
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

// keyOf is equal for values that are equal.
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

func sortOf(_ []operand, args ...any) (any, error) {
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
		return nil, errors.New("sort() needs a list of numbers, of texts or of times, not a mixture")
	}
	return out, nil
}

func lenOf(_ []operand, args ...any) (any, error) {
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

func typeOf(_ []operand, args ...any) (any, error) {
	switch x := plainNumber(args[0]).(type) {
	case nil:
		return "nil", nil
	case time.Time:
		if x.IsZero() {
			return "nil", nil
		}
		return "time", nil
	case time.Duration:
		return "duration", nil
	case event.Number:
		if isWhole(x.String()) {
			return "int", nil
		}
		return "float", nil
	}
	if r := reflect.Indirect(reflect.ValueOf(args[0])); r.Kind() == reflect.Struct {
		return "map", nil
	}
	return builtin.Type(args[0]), nil
}

func dateOf(named []operand, args ...any) (out any, err error) {
	at := 0
	if _, zone := args[0].(*time.Location); zone {
		at = 1
	}
	if at >= len(args) {
		return nil, errWrongArguments
	}
	if t, ok := args[at].(time.Time); ok && !t.IsZero() {
		return t, nil
	}
	if text, ok := args[at].(string); isAbsent(args[at]) || ok && text == "" {
		return nil, named[at].absent()
	}
	defer func() {
		if recover() != nil || err != nil {
			out, err = nil, fmt.Errorf("date() needs a time such as 2026-01-31 or 2026-01-31T09:30:00Z, but %s", named[at].subject(args[at]))
		}
	}()
	return builtin.Builtins[builtin.Index["date"]].Func(args...)
}
