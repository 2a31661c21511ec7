package decode

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
)

// Same reports whether two bodies are of the same event. It ignores fields that
// change with each delivery, white space, and the order of fields.
func Same(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	one, two := content(a), content(b)
	return one != nil && maps.EqualFunc(one, two, func(a, b string) bool { return a == b })
}

// content returns the envelope's fields in canonical form, without those that
// change with each delivery.
func content(body []byte) map[string]string {
	members, err := Object(body)
	if err != nil {
		return nil
	}
	fields := make(map[string]string, len(members))
	for _, m := range members {
		switch name := strings.ToLower(m.Key); name {
		case "deliveryattempt", "deliverytimestamp", "endpointurl", "webhookid":
		default:
			fields[name] = plainForm(m.Value)
		}
	}
	return fields
}

// plainForm writes a value with sorted names and without white space. Numbers
// stay as written.
func plainForm(raw json.RawMessage) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(raw) // not reached: the body is valid JSON
	}
	text, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return string(text)
}
