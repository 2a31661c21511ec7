package app

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// leftMost bounds the runs that are counted for a rule.
const leftMost = 500

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
	shadow := false
	var lines []string
	for _, r := range before.Rules {
		if r.Disabled || r.Shadow || sends[r.Name] {
			continue
		}
		runs, err := a.store.Runs(ctx, event.RunFilter{Rule: r.Name, Statuses: []event.Status{event.StatusWaiting}, Shadow: &shadow, Limit: leftMost})
		if err != nil || len(runs) == 0 {
			continue
		}
		count, verb := fmt.Sprintf("%d runs", len(runs)), "wait and go on by the rules they began with"
		switch len(runs) {
		case 1:
			count, verb = "1 run", "waits and goes on by the rules it began with"
		case leftMost:
			count = fmt.Sprintf("%d runs or more", leftMost)
		}
		lines = append(lines, fmt.Sprintf("%s of %s still %s; to stop that: gavel runs cancel --rule %s --status waiting; to move to a rule that sends: gavel runs move --rule %s",
			count, r.Name, verb, r.Name, r.Name))
	}
	return lines
}
