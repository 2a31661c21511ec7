package api

import (
	"encoding/json"

	"github.com/gavel-rules/gavel/rules/explain"
)

// TryRequest asks what rules would make of an event.
type TryRequest struct {
	Rules string          `json:"rules"` // YAML
	Event json.RawMessage `json:"event"`
}

// Trial is the answer to a TryRequest. There is no explanation when a finding
// is an error.
type Trial struct {
	Findings    []Finding            `json:"findings"`
	Explanation *explain.Explanation `json:"explanation,omitempty"`
}
