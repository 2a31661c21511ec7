package api

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
)

// LeftRule is a rule that does not send any more, with runs that wait and still
// will: they go on by the rules they began with.
type LeftRule struct {
	Rule string `json:"rule"`
	// Why is disabled, shadow or gone.
	Why  string `json:"why"`
	Runs int    `json:"runs"`
	// More says that there are more than Runs.
	More bool `json:"more,omitempty"`
}

// The reasons why a rule does not send any more.
const (
	LeftDisabled = "disabled"
	LeftShadow   = "shadow"
	LeftGone     = "gone"
)

// leftMost bounds the runs that are counted for a rule.
const leftMost = 500

// Left counts the runs of a rule that wait and would send. Those of a shadow rule
// are not counted: its oldest runs are from before it was one.
func Left(ctx context.Context, book RunBook, rule, why string) (LeftRule, error) {
	left := LeftRule{Rule: rule, Why: why}
	runs, err := book.Runs(ctx, event.RunFilter{Rule: rule, Statuses: []event.Status{event.StatusWaiting}, OldestFirst: true, Limit: leftMost + 1})
	for _, run := range runs[:min(len(runs), leftMost)] {
		if !run.Shadow {
			left.Runs++
		}
	}
	left.More = len(runs) > leftMost
	return left, err
}

// Sentence says how many runs wait.
func (l *LeftRule) Sentence() string {
	switch {
	case l.More:
		return fmt.Sprintf("%d runs or more of %s still wait and go on by the rules they began with", l.Runs, l.Rule)
	case l.Runs == 1:
		return fmt.Sprintf("1 run of %s still waits and goes on by the rules it began with", l.Rule)
	}
	return fmt.Sprintf("%d runs of %s still wait and go on by the rules they began with", l.Runs, l.Rule)
}
