package report

import (
	"fmt"
	"time"
)

// Report is what a Tally has counted.
type Report struct {
	// From and To are the requested period; From is the start of a day.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Zone is the time zone of the days.
	Zone string `json:"zone"`
	// LateSeconds: a cancellation less than this before the meeting is late.
	LateSeconds int64 `json:"late_seconds"`

	Totals    Counts    `json:"totals"`
	Days      []Day     `json:"days"`
	Owners    Groups    `json:"owners"`
	Calendars Groups    `json:"calendars"`
	Lead      Lead      `json:"lead_time"`
	FollowUps FollowUps `json:"follow_ups"`
}

// Unready is the error when many stored events have to be counted first, which
// goes on meanwhile.
type Unready struct{ Counted, All int }

// Error implements error.
func (u *Unready) Error() string {
	return fmt.Sprintf("%d of %d stored events are counted so far; try again in a while", u.Counted, u.All)
}

// Percent is the share of counted events, as in 40 %.
func (u *Unready) Percent() string { return Percent(float64(u.Counted) / float64(max(1, u.All))) }

// Counts are numbers of events.
type Counts struct {
	Booked   int `json:"booked"`
	Moved    int `json:"moved"`
	Canceled int `json:"canceled"`
	// CanceledLate are those of Canceled that came shortly before the meeting,
	// or after its start.
	CanceledLate int `json:"canceled_late"`
}

func (c *Counts) add(o Counts) {
	c.Booked += o.Booked
	c.Moved += o.Moved
	c.Canceled += o.Canceled
	c.CanceledLate += o.CanceledLate
}

// All is the sum of booked, moved and canceled.
func (c Counts) All() int { return c.Booked + c.Moved + c.Canceled }

// LateShare is the share of late cancellations, from 0 to 1.
func (c Counts) LateShare() float64 {
	if c.Canceled == 0 {
		return 0
	}
	return float64(c.CanceledLate) / float64(c.Canceled)
}

// Day is one day, as in 2026-01-31.
type Day struct {
	Date string `json:"date"`
	Counts
}

// Groups are the busiest owners or calendars, and all others together.
type Groups struct {
	Top    []Group `json:"top"`
	Others Counts  `json:"others"`
	// OtherNames is how many others there are; all names after the first 10,000
	// count as one.
	OtherNames int `json:"other_names"`
}

// Group is one owner or calendar. The name is empty for events without one.
type Group struct {
	Name string `json:"name"`
	Counts
}

// Lead is how far ahead meetings were booked.
type Lead struct {
	Meetings int `json:"meetings"`
	// Begun counts meetings that had started when they were booked; they are not
	// in the other numbers.
	Begun int `json:"begun"`
	// The quartiles are exact to the minute below a day, to the hour below 90
	// days, and to the day above.
	LowerSeconds  int64 `json:"lower_quartile_seconds"`
	MedianSeconds int64 `json:"median_seconds"`
	UpperSeconds  int64 `json:"upper_quartile_seconds"`
	Histogram     []Bin `json:"histogram"`
}

// Bin counts meetings booked from FromSeconds to below ToSeconds ahead. In the
// last bin ToSeconds is 0, which means no upper bound.
type Bin struct {
	Label       string `json:"label"`
	FromSeconds int64  `json:"from_seconds"`
	ToSeconds   int64  `json:"to_seconds"`
	Meetings    int    `json:"meetings"`
}

// FollowUps are the runs that waited with their meeting, such as reminders and
// thank-yous, by status.
type FollowUps struct {
	FollowUpCounts
	Rules []RuleFollowUps `json:"rules"`
}

// FollowUpCounts are numbers of runs.
type FollowUpCounts struct {
	Sent    int `json:"sent"`
	Dropped int `json:"dropped"` // canceled with their meeting or manually
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"` // no longer needed when they were due
	Waiting int `json:"waiting"`
}

// All is the sum of all statuses.
func (c FollowUpCounts) All() int { return c.Sent + c.Dropped + c.Failed + c.Skipped + c.Waiting }

// RuleFollowUps are those of one rule.
type RuleFollowUps struct {
	Rule string `json:"rule"`
	FollowUpCounts
}
