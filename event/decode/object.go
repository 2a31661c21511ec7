package decode

import (
	"bytes"
	"encoding/json"
)

// Member is one name of a JSON object with its value.
type Member struct {
	Key   string
	Value json.RawMessage
}

// Object returns the members of a JSON object in order, including repeated
// names.
func Object(raw json.RawMessage) ([]Member, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var members []Member
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		name, _ := key.(string)
		members = append(members, Member{Key: name, Value: value})
	}
	return members, nil
}
