package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// jsonError turns an error of encoding/json into a message with an offset.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return invalid("", "the body is not valid JSON: %s", clip(err.Error(), 120))
	}
	if strings.HasSuffix(syntax.Error(), "exceeded max depth") {
		return invalid("", "the body is nested too deeply at byte %d", syntax.Offset)
	}
	return invalid("", "the body is not valid JSON: %s at byte %d", syntax, syntax.Offset)
}

func invalid(field, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if field != "" {
		text = field + " " + text
	}
	return fmt.Errorf("%w event: %s", event.ErrInvalid, text)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

func notAnObject(body []byte) error {
	if len(body) == 0 || !json.Valid(body) {
		var v any
		return jsonError(json.Unmarshal(body, &v))
	}
	return invalid("", "the body must be a JSON object, not %s", kindOf(bytes.TrimSpace(body)))
}
