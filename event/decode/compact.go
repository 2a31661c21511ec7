package decode

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Compact appends the body of an event without white space to dst, in one pass
// and otherwise as it is. ok is false when Event would change or refuse it; then
// dst is returned as it was.
func Compact(dst, body []byte) (out []byte, ok bool) {
	if bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) > MaxDepth {
		return dst, false
	}
	out, err := jsontext.AppendFormat(dst, body, jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))
	if err != nil {
		return dst, false
	}
	return out, true
}
