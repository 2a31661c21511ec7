package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/builtin"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

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

func stringOf(named []Operand, args ...any) (any, error) {
	if t, ok := args[0].(time.Time); ok && t.IsZero() {
		return nil, named[0].Absent()
	}
	return Display(args[0]), nil
}

func intOf(named []Operand, args ...any) (any, error) {
	v := plainNumber(args[0])
	switch x := v.(type) {
	case int:
		return x, nil
	case string:
		if strings.TrimSpace(x) == "" {
			return nil, emptyNumber(named[0], "int", "0")
		}
		literal := strings.TrimPrefix(strings.TrimSpace(x), "+")
		if !IsWhole(literal) {
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

// emptyNumber is the error for converting a missing or empty value to a number.
func emptyNumber(named Operand, function, other string) error {
	if named.path == "" {
		return fmt.Errorf("%s() needs a number, but its value is missing or empty; write default(…, %s) inside it", function, other)
	}
	return emptyValue(named, "a number", function, other)
}

// emptyValue is the error for converting a missing or empty value to a kind of
// value.
func emptyValue(named Operand, kind, function, other string) error {
	if named.path == "" {
		return fmt.Errorf("%s() needs %s, but its value is missing or empty; write default(…, %s) inside it", function, kind, text.Quote(other))
	}
	lack := named.lack
	if !named.empty {
		lack = named.path + " is missing or empty"
	}
	return fmt.Errorf("%s, not %s; write %s(default(%s, %s))", lack, kind, function, named.path, text.Quote(other))
}

func IsWhole(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && len(s) <= maxDigits && strings.Trim(s, "0123456789") == ""
}

// canonical drops leading zeros, which JSON does not allow.
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

func floatOf(named []Operand, args ...any) (any, error) {
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
func numberFunc(call func(decimal) (any, error)) Caller {
	return func(named []Operand, args ...any) (any, error) {
		v := plainNumber(args[0])
		if isNothing(v) {
			return nil, named[0].Absent()
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

func toJSON(_ []Operand, args ...any) (any, error) {
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

func fromJSON(named []Operand, args ...any) (any, error) {
	content, ok := args[0].(string)
	if args[0] == nil || ok && strings.TrimSpace(content) == "" {
		return nil, errors.New("fromJSON() needs JSON text, but " + orValue(named[0].path) + " is missing or empty")
	}
	if !ok {
		return nil, fmt.Errorf("fromJSON() needs JSON text, but %s", named[0].subject(args[0]))
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

func typeOf(_ []Operand, args ...any) (any, error) {
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
		if IsWhole(x.String()) {
			return "int", nil
		}
		return "float", nil
	}
	if r := reflect.Indirect(reflect.ValueOf(args[0])); r.Kind() == reflect.Struct {
		return "map", nil
	}
	return builtin.Type(args[0]), nil
}

func dateOf(named []Operand, args ...any) (out any, err error) {
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
	if text, ok := args[at].(string); IsAbsent(args[at]) || ok && text == "" {
		return nil, named[at].Absent()
	}
	defer func() {
		if recover() != nil || err != nil {
			out, err = nil, fmt.Errorf("date() needs a time such as 2026-01-31 or 2026-01-31T09:30:00Z, but %s", named[at].subject(args[at]))
		}
	}()
	return builtin.Builtins[builtin.Index["date"]].Func(args...)
}
