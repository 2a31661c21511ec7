package rules

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// display writes a value as it appears inside a text: nothing for nil and for
// times that are not set, RFC 3339 in UTC for times, JSON for lists and
// objects.
func display(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case rawText:
		return x.text
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	case float64:
		return displayFloat(x)
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return Duration(x).String()
	case fmt.Stringer:
		return x.String()
	}
	out, err := jsonText(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if out == "null" {
		return ""
	}
	return out
}

// jsonText writes JSON on one line and leaves < and & readable: the escaper of
// the destination sees to them.
func jsonText(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("write as JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func displayFloat(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e21 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	if math.Abs(x) >= 1e-6 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// plainValue turns a value into maps, lists and scalars that JSON can hold.
func plainValue(v any) (any, error) {
	switch x := v.(type) {
	case nil, string, bool, int, int64:
		return v, nil
	case rawText:
		return x.text, nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%v is not a number that JSON can hold", x)
		}
		return x, nil
	case time.Time:
		if x.IsZero() {
			return nil, nil
		}
		return display(x), nil
	case time.Duration:
		return display(x), nil
	case []any:
		return plainList(x)
	case map[string]any:
		return plainObject(x)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("read back as JSON: %w", err)
	}
	return out, nil
}

func plainList(items []any) (any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		v, err := plainValue(item)
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
		v, err := plainValue(item)
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, nil
}
