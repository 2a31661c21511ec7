package decode

import "encoding/json"

// The kinds of JSON value, in words.
const (
	aText    = "text"
	aNumber  = "a number"
	aBoolean = "true or false"
	aList    = "a list"
	anObject = "an object"
	aNull    = "null"
	nothing  = "nothing"
	aTime    = "a time such as 2026-01-31T09:30:00Z"
	anID     = "an id of at most 256 bytes without control characters"
)

func kindOf(raw json.RawMessage) string {
	if len(raw) == 0 {
		return nothing
	}
	switch raw[0] {
	case '{':
		return anObject
	case '[':
		return aList
	case '"':
		return aText
	case 't', 'f':
		return aBoolean
	case 'n':
		return aNull
	}
	return aNumber
}
