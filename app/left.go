package app

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/desk/apply"
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

// notReached says which new rules that wait for meetings do not reach the meetings
// that were booked before.
func (a *App) notReached(ctx context.Context, before, after *rules.Set) []string {
	var fresh []*rules.Rule
	for _, r := range apply.Fit(after) {
		if was := before.Rule(r.Name); was == nil || was.Disabled || was.Shadow {
			fresh = append(fresh, r)
		}
	}
	reach, err := apply.Foresee(ctx, a.store, apply.Forecast{Set: after, Rules: fresh, Now: a.clock.Now(), Events: lookedAt, Time: lookedFor})
	if err != nil {
		return nil
	}
	var lines []string
	for _, r := range fresh {
		if of := reach[r.Name]; of != nil {
			lines = append(lines, fmt.Sprintf("rule %s: %s; to apply it to them: gavel rules apply %s --upcoming", r.Name, of.Sentence(), r.Name))
		}
	}
	return lines
}

// lookedAt is how many of the newest events are read to find upcoming meetings, in
// at most lookedFor.
const (
	lookedAt  = 500
	lookedFor = 2 * time.Second
)
