package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// jsonError turns an error of encoding/json into words with a place.
func jsonError(prefix string, err error) error {
	var (
		typ    *json.UnmarshalTypeError
		syntax *json.SyntaxError
	)
	switch {
	case errors.As(err, &typ):
		field := strings.Trim(prefix+"."+strings.TrimPrefix(typ.Field, "Meeting."), ".")
		if field == "" {
			return invalid("", "the body must be a JSON object, not %s", article(typ.Value))
		}
		return invalid(field, "must be %s, not %s", jsonName(typ), article(typ.Value))
	case errors.As(err, &syntax):
		if strings.HasSuffix(syntax.Error(), "exceeded max depth") {
			return invalid("", "the body is nested too deeply at byte %d", syntax.Offset)
		}
		return invalid("", "the body is not valid JSON: %s at byte %d", syntax, syntax.Offset)
	}
	return invalid("", "the body is not valid JSON: %s", clip(err.Error(), 120))
}

func jsonName(e *json.UnmarshalTypeError) string {
	switch k := e.Type.Kind().String(); k {
	case "struct", "map", "ptr":
		return "an object"
	case "slice":
		return "a list"
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "float64":
		return "a number that 64 bits can hold"
	default:
		return "a whole number"
	}
}

func article(kind string) string {
	kind = clip(kind, 40)
	switch {
	case kind == "object":
		return "an object"
	case kind == "array":
		return "a list"
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "number "):
		return "the number " + strings.TrimPrefix(kind, "number ")
	}
	return "a " + kind
}

func invalid(field, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if field != "" {
		text = field + " " + text
	}
	return fmt.Errorf("%w event: %s", ErrInvalid, text)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func notAnObject(body []byte) error {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return jsonError("", err)
	}
	kind := "a number"
	switch v.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "true or false"
	case string:
		kind = "a string"
	case []any:
		kind = "a list"
	}
	return invalid("", "the body must be a JSON object, not %s", kind)
}
