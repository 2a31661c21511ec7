package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/units"
)

// Display formats a value for text: nothing for nil and zero times, RFC 3339 in
// UTC for times, JSON for lists and objects.
func Display(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case RawText:
		return x.Text
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	case float64:
		return displayFloat(x)
	case event.Number:
		return x.String()
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return units.Duration(x).String()
	case fmt.Stringer:
		return x.String()
	}
	plain, err := PlainValue(v)
	if err != nil {
		return valueWords(v)
	}
	out, err := JsonText(plain)
	if err != nil {
		return valueWords(v)
	}
	if out == "null" {
		return ""
	}
	return out
}

// JsonText writes JSON on one line. It does not escape < and &, because the
// destination's escaper does.
func JsonText(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("write as JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func displayFloat(x float64) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return "not a number"
	}
	if x == math.Trunc(x) && math.Abs(x) < 1e21 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// PlainValue converts a value to maps, lists and scalars that JSON can encode.
func PlainValue(v any) (any, error) {
	switch x := v.(type) {
	case nil, string, bool, int, int64, event.Number:
		return v, nil
	case RawText:
		return x.Text, nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, errors.New("the result is not a number, as after a division by zero")
		}
		return exactFloat(x), nil
	case time.Time:
		if x.IsZero() {
			return nil, nil
		}
		return Display(x), nil
	case time.Duration:
		return Display(x), nil
	case []any:
		return plainList(x)
	case map[string]any:
		return plainObject(x)
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Array:
		if r.Type().Elem().Kind() != reflect.Uint8 {
			return plainList(itemsOf(r))
		}
	case reflect.Map:
		return plainMap(r)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, errors.New("the value cannot be written as JSON")
	}
	out, err := event.ReadJSON(b)
	if err != nil {
		return nil, errors.New("the value cannot be written as JSON")
	}
	if e, ok := v.(*event.Envelope); ok && e.DeliveryAttempt == 0 {
		out.(map[string]any)["deliveryAttempt"] = nil
	}
	return dropAbsent(out), nil
}

// exactFloat avoids the exponent that encoding/json would write.
func exactFloat(x float64) any {
	if x == 0 || math.Abs(x) >= 1e-6 && math.Abs(x) < 1e21 {
		return x
	}
	return event.NumberOf(strconv.FormatFloat(x, 'f', -1, 64))
}

// dropAbsent replaces zero times with nil.
func dropAbsent(v any) any {
	switch x := v.(type) {
	case string:
		if x == "0001-01-01T00:00:00Z" {
			return nil
		}
	case map[string]any:
		for k, item := range x {
			x[k] = dropAbsent(item)
		}
	case []any:
		for i, item := range x {
			x[i] = dropAbsent(item)
		}
	}
	return v
}

// plainMap is for maps with keys of any kind, as groupBy makes them.
func plainMap(r reflect.Value) (any, error) {
	if r.IsNil() {
		return nil, nil
	}
	out := make(map[string]any, r.Len())
	for i := r.MapRange(); i.Next(); {
		v, err := PlainValue(i.Value().Interface())
		if err != nil {
			return nil, err
		}
		out[Display(i.Key().Interface())] = v
	}
	return out, nil
}

func plainList(items []any) (any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		v, err := PlainValue(item)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func plainObject(m map[string]any) (any, error) {
	out := make(map[string]any, len(m))
	for k, item := range m {
		v, err := PlainValue(item)
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, nil
}
