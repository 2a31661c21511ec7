package terminal

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// JSON writes indented v without HTML escaping.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Compact writes JSON on one line for people.
func Compact(raw json.RawMessage, limit int) string {
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(raw))
	if r := []rune(text); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return text
}

// ShownValue is how many characters of a value a terminal line shows.
const ShownValue = 160

// Indented writes JSON over several indented lines.
func Indented(raw json.RawMessage, indent string) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, indent, "  ") != nil {
		return indent + string(raw)
	}
	return indent + strings.TrimRight(b.String(), "\n")
}
