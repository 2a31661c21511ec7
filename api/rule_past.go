package api

import (
	"context"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/history"
)

// RulePast is a rule with what it did.
type RulePast struct {
	Rule
	// Day is the last 24 hours, Month the last 30 days, of all processes.
	Day   DayRule       `json:"day"`
	Month history.Month `json:"month"`
	// LastFired is when its newest stored run began; zero when there is none.
	LastFired time.Time `json:"last_fired,omitzero"`
}

// Never reports whether the rule has never fired, as far as is known.
func (r *RulePast) Never() bool { return r.LastFired.IsZero() && r.Month.Matched == 0 }

// GathersEvents reports whether runs that end as skipped are events that the rule
// gathers or counts, rather than trouble.
func (r *Rule) GathersEvents() bool {
	return slices.ContainsFunc(r.Gathers, func(g Gather) bool { return g.Kind != event.WindowThrottle })
}

// Throttled reports whether runs that end as skipped were held back by a throttle.
func (r *Rule) Throttled() bool {
	return slices.ContainsFunc(r.Gathers, func(g Gather) bool { return g.Kind == event.WindowThrottle })
}

// RuleDetail is a rule with what it did and what of it has not ended.
type RuleDetail struct {
	RulePast
	// Held are its runs that have not ended, FailedNow those that are failed now:
	// each status is counted up to MostHeld. More says that there are more.
	Held      map[event.Status]int `json:"held"`
	FailedNow int                  `json:"failed_now"`
	More      bool                 `json:"more,omitempty"`
	// Open are its newest runs that wait: for a wait, a window or their turn.
	Open []*event.Run `json:"open"`
}

// openShown is how many runs RuleDetail.Open has at most.
const openShown = 10

// LastFired returns when the newest runs of rules began; nothing for a rule without
// one.
func LastFired(ctx context.Context, book RunBook, rules []string) (map[string]time.Time, error) {
	stored, err := book.RuleRuns(ctx, event.RulesFilter{Rules: rules})
	if err != nil {
		return nil, err
	}
	fired := map[string]time.Time{}
	for _, r := range stored {
		if r.Created.After(fired[r.Rule]) {
			fired[r.Rule] = r.Created
		}
	}
	return fired, nil
}

// RuleDetailOf adds what of a rule has not ended. It reads a bounded number of
// runs.
func RuleDetailOf(ctx context.Context, book RunBook, rule RulePast) (*RuleDetail, error) {
	d := &RuleDetail{RulePast: rule, Open: []*event.Run{}}
	stored, err := book.RuleRuns(ctx, event.RulesFilter{Rules: []string{rule.Name}, Most: MostHeld + 1})
	if err != nil {
		return nil, err
	}
	d.Held, d.More = heldOf(stored)
	for _, r := range stored {
		if r.Created.After(d.LastFired) {
			d.LastFired = r.Created
		}
		if r.Status == event.StatusFailed {
			d.FailedNow, d.More = min(r.Count, MostHeld), d.More || r.Count > MostHeld
		}
	}
	open, err := book.Runs(ctx, event.RunFilter{Rule: rule.Name, Statuses: []event.Status{event.StatusWaiting, event.StatusPending}, Limit: openShown})
	if err != nil {
		return nil, err
	}
	d.Open = append(d.Open, open...)
	return d, nil
}
