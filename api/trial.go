package api

import (
	"encoding/json"

	"github.com/gavel-rules/gavel/rules/explain"
)

// TryRequest asks what rules would do with an event.
type TryRequest struct {
	Rules string          `json:"rules"` // YAML
	Event json.RawMessage `json:"event"`
}

// Trial is the result of a TryRequest. It has no explanation if a finding is an
// error.
type Trial struct {
	Findings    []Finding            `json:"findings"`
	Explanation *explain.Explanation `json:"explanation,omitempty"`
}
