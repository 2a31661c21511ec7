package api

import (
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// RuleList are the active rules, or those of files, with counts of their stored
// runs.
type RuleList struct {
	Revision string `json:"revision"`
	// InForce means that this is the newest revision in the database.
	InForce bool `json:"in_force"`
	// Loaded is when the revision was last activated.
	Loaded time.Time    `json:"loaded,omitzero"`
	Rules  []ListedRule `json:"rules"`
}

// ListedRule is a rule of a RuleList.
type ListedRule struct {
	rules.Outline
	// Schedule is nil for a rule that listens to events.
	Schedule *Schedule `json:"schedule,omitempty"`

	Runs    int64     `json:"runs"`
	Skipped int64     `json:"skipped"`
	Last    time.Time `json:"last_run,omitzero"`
	Waiting int64     `json:"waiting"`
	Failed  int64     `json:"failed"`
	// LastDay is what the rule did in the last 24 hours; skipped runs are not
	// counted.
	LastDay RuleDay `json:"last_day"`
	// Paused is its pause, with what it holds; nil when it is not paused.
	Paused *Pause `json:"paused,omitempty"`
}

// RuleDay is what a rule did in a day.
type RuleDay struct {
	Runs   int `json:"runs"`
	Failed int `json:"failed"`
}

// CountDay sets the counts of the last day.
func (l *RuleList) CountDay(d *Day) {
	by := make(map[string]DayRule, len(d.Rules))
	for _, r := range d.Rules {
		by[r.Rule] = r
	}
	for i := range l.Rules {
		did := by[l.Rules[i].Name]
		l.Rules[i].LastDay = RuleDay{Runs: did.Matched, Failed: did.Ended[event.StatusFailed]}
	}
}

// List sets the rules of the list from outlines.
func (l *RuleList) List(outlines []rules.Outline) {
	now := time.Now()
	l.Rules = make([]ListedRule, 0, len(outlines))
	for _, o := range outlines {
		l.Rules = append(l.Rules, ListedRule{Outline: o, Schedule: NewSchedule(o.Schedule, now)})
	}
}

// Pause sets which rules are paused.
func (l *RuleList) Pause(pauses []Pause) {
	for i := range l.Rules {
		key := event.PauseRule(l.Rules[i].Name)
		if n := slices.IndexFunc(pauses, func(p Pause) bool { return p.Key == key }); n >= 0 {
			l.Rules[i].Paused = &pauses[n]
		}
	}
}

// Count sets the counts of the rules.
func (l *RuleList) Count(activity []event.RuleActivity) {
	by := make(map[string]event.RuleActivity, len(activity))
	for _, a := range activity {
		by[a.Rule] = a
	}
	for i := range l.Rules {
		a := by[l.Rules[i].Name]
		l.Rules[i].Runs, l.Rules[i].Skipped, l.Rules[i].Last = a.Runs, a.Skipped, a.Last
		l.Rules[i].Waiting, l.Rules[i].Failed = a.Waiting, a.Failed
	}
}
