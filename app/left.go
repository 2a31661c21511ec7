package app

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/rules"
)

// leftWaiting says what becomes of the waiting runs of rules that a load has
// taken away, disabled or put into shadow mode: they go on.
func (a *App) leftWaiting(ctx context.Context, before, after *rules.Set) []string {
	if before == after {
		return nil
	}
	sends := map[string]bool{}
	for _, r := range after.Rules {
		sends[r.Name] = !r.Disabled && !r.Shadow
	}
	var lines []string
	for _, r := range before.Rules {
		if r.Disabled || r.Shadow || sends[r.Name] {
			continue
		}
		left, err := api.Left(ctx, a.store, r.Name, "")
		if err != nil || left.Runs == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s; to stop that: gavel runs cancel --rule %s --status waiting; to move to a rule that sends: gavel runs move --rule %s",
			left.Sentence(), r.Name, r.Name))
	}
	return lines
}
