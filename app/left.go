package app

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/desk/apply"
	"github.com/gavel-rules/gavel/event"
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
	var lines []string
	booked := ""
	for _, r := range after.Rules {
		was := before.Rule(r.Name)
		if was != nil && !was.Disabled && !was.Shadow || r.Disabled || r.Shadow || !r.OnePerMeeting() {
			continue
		}
		if booked == "" {
			if booked = a.upcoming(ctx, a.clock.Now()); booked == "" {
				return nil
			}
		}
		lines = append(lines, fmt.Sprintf("%s booked before rule %s; to apply it to them: gavel rules apply %s --upcoming", booked, r.Name, r.Name))
	}
	return lines
}

// lookedAt is how many of the newest events are read to find upcoming meetings.
const lookedAt = 500

// upcoming counts the meetings of the newest events that are still to come, in
// words; empty if there is none.
func (a *App) upcoming(ctx context.Context, now time.Time) string {
	list, err := a.store.Events(ctx, event.EventFilter{Limit: lookedAt})
	if err != nil {
		return ""
	}
	newest := map[string]*event.Event{}
	for _, rec := range list {
		key := rec.Event.MeetingKey()
		if known := newest[key]; key != "" && rec.Damage == "" && (known == nil || known.Timestamp.Before(rec.Event.Timestamp)) {
			newest[key] = rec.Event
		}
	}
	n := 0
	for _, ev := range newest {
		if apply.Upcoming(ev, now) {
			n++
		}
	}
	switch {
	case n == 0:
		return ""
	case len(list) == lookedAt:
		return fmt.Sprintf("%d or more upcoming meetings were", n)
	case n == 1:
		return "1 upcoming meeting was"
	}
	return fmt.Sprintf("%d upcoming meetings were", n)
}
