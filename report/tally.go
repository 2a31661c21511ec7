package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Options configure a Tally. Since and Until are required.
type Options struct {
	// Since is moved back to the start of its day in Zone.
	Since, Until time.Time
	Zone         *time.Location // nil means UTC
	// Late: a cancellation less than this before the meeting is late; 0 means
	// 24 h.
	Late time.Duration
	// Top is how many owners and calendars are listed; 0 means 20.
	Top int
}

const (
	defaultLate = 24 * time.Hour
	defaultTop  = 20
	// maxNames limits how many owners, calendars or rules are counted separately.
	maxNames = 10_000
	// trusted is how far an event's timestamp may be from when it was received.
	// If it is further off it is wrong, and the time received is used.
	trusted = 31 * 24 * time.Hour
)

// Tally counts events and runs. It is not safe for concurrent use.
type Tally struct {
	opts      Options
	first     time.Time // of the events seen
	days      map[string]*Counts
	totals    Counts
	owners    names
	calendars names
	lead      leads
	followed  FollowUpCounts
	rules     map[string]*FollowUpCounts
}

// New returns an empty Tally.
func New(o Options) *Tally {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Late <= 0 {
		o.Late = defaultLate
	}
	if o.Top <= 0 {
		o.Top = defaultTop
	}
	if !o.Since.IsZero() {
		o.Since = StartOfDay(o.Since, o.Zone)
	}
	return &Tally{
		opts: o, days: map[string]*Counts{}, owners: names{}, calendars: names{}, rules: map[string]*FollowUpCounts{},
	}
}

// StartOfDay returns the start of t's day in a zone. If a clock change skips
// midnight, it is the first time after that.
func StartOfDay(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, zone)
	for start.Day() != d { // midnight was skipped, and Date returned a time before it
		start = start.Add(time.Hour)
	}
	return start
}

// Event counts an event if a meeting was booked, moved or canceled in the
// period.
func (t *Tally) Event(ev *event.Event) {
	var c Counts
	at := happened(ev)
	switch ev.Type {
	case event.TypeScheduled:
		c.Booked = 1
	case event.TypeRescheduled:
		c.Moved = 1
	case event.TypeCanceled:
		c.Canceled = 1
		if start := ev.Meeting.Start; !start.IsZero() && start.Sub(at) < t.opts.Late {
			c.CanceledLate = 1
		}
	default:
		return
	}
	if at.Before(t.opts.Since) || !at.Before(t.opts.Until) {
		return
	}
	if t.first.IsZero() || at.Before(t.first) {
		t.first = at
	}
	t.totals.add(c)
	t.day(at).add(c)
	t.owners.of(owner(ev.Meeting)).add(c)
	t.calendars.of(calendar(ev.Meeting)).add(c)
	if c.Booked > 0 && !ev.Meeting.Start.IsZero() {
		t.lead.add(ev.Meeting.Start.Sub(at))
	}
}

// Run counts a run if it waits with its meeting and was created in the period.
func (t *Tally) Run(r *event.Run) {
	if !r.Follow || r.Shadow || r.Created.Before(t.opts.Since) || !r.Created.Before(t.opts.Until) {
		return
	}
	rule := t.rules[r.Rule]
	if rule == nil {
		rule = &FollowUpCounts{}
		if len(t.rules) < maxNames {
			t.rules[r.Rule] = rule
		}
	}
	for _, c := range []*FollowUpCounts{rule, &t.followed} {
		switch r.Status {
		case event.StatusSucceeded:
			c.Sent++
		case event.StatusCanceled:
			c.Dropped++
		case event.StatusFailed:
			c.Failed++
		case event.StatusSkipped:
			c.Skipped++
		default:
			c.Waiting++
		}
	}
}

// happened returns when an event happened.
func happened(ev *event.Event) time.Time {
	if ev.Timestamp.IsZero() || ev.Received.Sub(ev.Timestamp).Abs() > trusted {
		return ev.Received
	}
	return ev.Timestamp
}

func (t *Tally) day(at time.Time) *Counts {
	date := at.In(t.opts.Zone).Format(time.DateOnly)
	c := t.days[date]
	if c == nil {
		c = &Counts{}
		t.days[date] = c
	}
	return c
}

func owner(m *event.Meeting) string {
	return cmp.Or(m.Owner.Username, strings.TrimSpace(m.Owner.FirstName+" "+m.Owner.LastName), m.Owner.UserID)
}

func calendar(m *event.Meeting) string {
	return cmp.Or(m.Info.CalendarPath, m.Info.CalendarURL)
}

// names counts by name, up to maxNames of them.
type names map[string]*Counts

// beyond is the key of all names after maxNames; no name contains a NUL.
const beyond = "\x00"

func (n names) of(name string) *Counts {
	c := n[name]
	if c == nil {
		if len(n) >= maxNames {
			name = beyond
		}
		if c = n[name]; c == nil {
			c = &Counts{}
			n[name] = c
		}
	}
	return c
}

func (n names) groups(top int) Groups {
	g := Groups{Top: []Group{}}
	for name, c := range n {
		if name == beyond {
			g.Others.add(*c)
			g.OtherNames++
			continue
		}
		g.Top = append(g.Top, Group{name, *c})
	}
	slices.SortFunc(g.Top, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.All(), a.All()), cmp.Compare(a.Name, b.Name))
	})
	for _, group := range g.Top[min(top, len(g.Top)):] {
		g.Others.add(group.Counts)
		g.OtherNames++
	}
	g.Top = g.Top[:min(top, len(g.Top))]
	return g
}

// Report returns what was counted so far.
func (t *Tally) Report() *Report {
	r := &Report{
		From: t.opts.Since, To: t.opts.Until, Zone: t.opts.Zone.String(), LateSeconds: int64(t.opts.Late / time.Second),
		Totals: t.totals, Days: []Day{}, Owners: t.owners.groups(t.opts.Top), Calendars: t.calendars.groups(t.opts.Top),
		Lead: t.lead.report(), FollowUps: FollowUps{FollowUpCounts: t.followed, Rules: []RuleFollowUps{}},
	}
	if t.opts.Zone == time.Local {
		r.Zone, _ = t.opts.Until.In(t.opts.Zone).Zone() // instead of "Local"
	}
	if r.From.IsZero() { // from the first event on
		r.From = StartOfDay(cmp.Or(t.first, t.opts.Until), t.opts.Zone)
	}
	// Noon, because a clock change may skip midnight.
	last := t.opts.Until.Add(-time.Nanosecond).In(t.opts.Zone)
	y, m, d := r.From.In(t.opts.Zone).Date()
	for at := time.Date(y, m, d, 12, 0, 0, 0, t.opts.Zone); !StartOfDay(at, t.opts.Zone).After(last); at = at.AddDate(0, 0, 1) {
		day := Day{Date: at.Format(time.DateOnly)}
		if c := t.days[day.Date]; c != nil {
			day.Counts = *c
		}
		r.Days = append(r.Days, day)
	}
	for rule, c := range t.rules {
		r.FollowUps.Rules = append(r.FollowUps.Rules, RuleFollowUps{rule, *c})
	}
	slices.SortFunc(r.FollowUps.Rules, func(a, b RuleFollowUps) int {
		return cmp.Or(cmp.Compare(b.All(), a.All()), cmp.Compare(a.Rule, b.Rule))
	})
	return r
}
