package api

import (
	"time"

	"github.com/gavel-rules/gavel/rehearse"
)

// BacktestRequest asks what rules would have done with the stored events.
type BacktestRequest struct {
	Rules []RulesFile `json:"rules"`
	// Against are the rules to compare with; none means what really ran.
	Against []RulesFile `json:"against,omitempty"`
	// Since and Until limit the events by when they were received.
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Samples int       `json:"samples,omitempty"` // examples of each kind
}

// RulesFile is a rules file that somebody tries.
type RulesFile struct {
	Name    string `json:"name"` // for findings
	Content string `json:"content"`
}

// BacktestAnswer is the result of a BacktestRequest. Without Report a finding is
// an error.
type BacktestAnswer struct {
	Findings []Finding          `json:"findings"`
	Report   *rehearse.Backtest `json:"report,omitempty"`
}

// Bounds of a BacktestRequest.
const (
	// BacktestSamples is the largest number of samples.
	BacktestSamples = 50
	// BacktestRules is the largest number of rules.
	BacktestRules = 500
	// BacktestEvents is how many events are read at most, and BacktestMatches how
	// many times a rule is asked about one.
	BacktestEvents  = 100_000
	BacktestMatches = 10_000_000
	// BacktestTime is how long one takes at most.
	BacktestTime = time.Minute
)
