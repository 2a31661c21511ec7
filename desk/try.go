package desk

import (
	"bytes"
	"context"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/ruleset"
)

// Try asks typed rules about an event that need not be stored. There is no
// explanation when a finding is an error.
func (d *Desk) Try(_ context.Context, r api.TryRequest) (*api.Trial, error) {
	set, findings, err := ruleset.Typed(r.Rules, d.Rules)
	if err != nil {
		return nil, err
	}
	trial := &api.Trial{Findings: findingsOf(findings, func(s string) string { return s })}
	if trial.Findings == nil {
		trial.Findings = []api.Finding{}
	}
	ev, err := decode.Event(bytes.TrimSpace(r.Event))
	if err != nil || findings.HasErrors() {
		return trial, err
	}
	ev.Arrive(time.Now())
	trial.Explanation = explain.New(set).Explain(ev, explain.ExplainOptions{})
	return trial, nil
}
