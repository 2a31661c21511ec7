package event

import (
	"bytes"
	"encoding/json"
)

// Exchange is what the history keeps of a call besides its request and reply. It
// is the member "exchange" of Attempt.Response, so that the database seals and
// removes it together with the reply.
type Exchange struct {
	// IdempotencyKey and MessageID are by what the destination can recognize a
	// repeat.
	IdempotencyKey string `json:"idempotency_key,omitempty"`
	MessageID      string `json:"message_id,omitempty"`
	// Headers were sent in addition to those of the request, with secrets
	// hidden.
	Headers map[string]string `json:"headers,omitempty"`
	// FirstByte is the time until the first byte of the reply and Took the time
	// of the whole call, in milliseconds; 0 if there was none.
	FirstByte float64 `json:"first_byte_ms,omitempty"`
	Took      float64 `json:"took_ms,omitempty"`
}

// exchangeMember is the name of the Exchange in a response.
const exchangeMember = "exchange"

// AddTo returns the response with the exchange in it. A response that is not an
// object is returned unchanged.
func (x Exchange) AddTo(response json.RawMessage) json.RawMessage {
	own, err := json.Marshal(x)
	if err != nil {
		return response
	}
	begin := []byte("{")
	if trimmed := bytes.TrimSpace(response); len(trimmed) > 0 {
		if trimmed[0] != '{' || trimmed[len(trimmed)-1] != '}' {
			return response
		}
		begin = bytes.Clone(bytes.TrimRight(trimmed[:len(trimmed)-1], " \t\r\n"))
		if len(begin) > 1 {
			begin = append(begin, ',')
		}
	}
	return append(append(append(begin, `"`+exchangeMember+`":`...), own...), '}')
}

// SplitExchange returns a stored response without its exchange, and the
// exchange; nil if there is none.
func SplitExchange(response json.RawMessage) (json.RawMessage, *Exchange) {
	i := bytes.LastIndex(response, []byte(`"`+exchangeMember+`":`))
	if i < 1 || !json.Valid(response) {
		return response, nil
	}
	var whole struct {
		Exchange *Exchange `json:"exchange"`
	}
	// It is the last member, so what begins at i ends with the response.
	own := bytes.TrimSuffix(bytes.TrimSpace(response[i+len(exchangeMember)+3:]), []byte("}"))
	if json.Unmarshal(response, &whole) != nil || whole.Exchange == nil || !json.Valid(own) {
		return response, nil
	}
	rest := bytes.TrimRight(response[:i], ", \t\r\n")
	if len(rest) <= 1 {
		return nil, whole.Exchange
	}
	return append(bytes.Clone(rest), '}'), whole.Exchange
}

// Cut is what takes the place of a value that is too long to be kept.
type Cut struct {
	Clipped string `json:"clipped"` // its beginning
	Bytes   int    `json:"bytes"`   // its length
}

// CutOf returns the Cut that a value is; nil if the value is kept in full.
func CutOf(raw json.RawMessage) *Cut {
	var members map[string]json.RawMessage
	var cut Cut
	if json.Unmarshal(raw, &members) != nil || len(members) != 2 || members["clipped"] == nil || members["bytes"] == nil || json.Unmarshal(raw, &cut) != nil {
		return nil
	}
	return &cut
}

// Clipped reports whether a value or a member of it was too long to be kept.
func Clipped(raw json.RawMessage) bool {
	if CutOf(raw) != nil {
		return true
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return false
	}
	for _, value := range members {
		if CutOf(value) != nil {
			return true
		}
	}
	return false
}
