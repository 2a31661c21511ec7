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

	known          map[*Who]counted
	today          *Counts // of the fact counted last
	dayFrom, dayTo time.Time
}

// counted are the counts of a Who.
type counted struct{ owner, calendar *Counts }

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
		known: map[*Who]counted{},
	}
}

// Since is the beginning of the period; zero means the first event.
func (t *Tally) Since() time.Time { return t.opts.Since }

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
	if f, ok := FactOf(ev); ok {
		t.Fact(&f)
	}
}

// Fact counts an event known by its facts, if it happened in the period.
func (t *Tally) Fact(f *Fact) {
	if f.At.Before(t.opts.Since) || !f.At.Before(t.opts.Until) {
		return
	}
	if t.first.IsZero() || f.At.Before(t.first) {
		t.first = f.At
	}
	var c Counts
	switch f.Kind {
	case Booked:
		c.Booked = 1
		if f.Dated {
			t.lead.add(f.Ahead)
		}
	case Moved:
		c.Moved = 1
	case Canceled:
		c.Canceled = 1
		if f.Dated && f.Ahead < t.opts.Late {
			c.CanceledLate = 1
		}
	}
	t.totals.add(c)
	t.day(f.At).add(c)
	both := t.known[f.Who]
	if both.owner == nil {
		both = counted{t.owners.of(owner(f.Who)), t.calendars.of(calendar(f.Who))}
		if len(t.known) >= maxNames {
			clear(t.known)
		}
		t.known[f.Who] = both
	}
	both.owner.add(c)
	both.calendar.add(c)
}

// Run counts a run if it waits with its meeting and was created in the period.
func (t *Tally) Run(r *event.Run) {
	if !r.Follow || r.Shadow || r.Created.Before(t.opts.Since) || !r.Created.Before(t.opts.Until) {
		return
	}
	t.FollowUps(r.Rule, r.Status, 1)
}

// FollowUps counts n runs of a rule that wait, or have waited, with their
// meetings.
func (t *Tally) FollowUps(name string, status event.Status, n int) {
	rule := t.rules[name]
	if rule == nil {
		rule = &FollowUpCounts{}
		if len(t.rules) < maxNames {
			t.rules[name] = rule
		}
	}
	for _, c := range []*FollowUpCounts{rule, &t.followed} {
		switch status {
		case event.StatusSucceeded:
			c.Sent += n
		case event.StatusCanceled:
			c.Dropped += n
		case event.StatusFailed:
			c.Failed += n
		case event.StatusSkipped:
			c.Skipped += n
		default:
			c.Waiting += n
		}
	}
}

// day returns the counts of the day of a moment. Most events are of the same
// day as the one before.
func (t *Tally) day(at time.Time) *Counts {
	if t.today != nil && !at.Before(t.dayFrom) && at.Before(t.dayTo) {
		return t.today
	}
	local := at.In(t.opts.Zone)
	date := local.Format(time.DateOnly)
	c := t.days[date]
	if c == nil {
		c = &Counts{}
		t.days[date] = c
	}
	hours, minutes, seconds := local.Clock()
	t.today = c
	t.dayFrom = at.Add(-time.Duration(hours)*time.Hour - time.Duration(minutes)*time.Minute - time.Duration(seconds)*time.Second - time.Duration(local.Nanosecond()))
	t.dayTo = t.dayFrom.Add(day)
	// The clock may be changed within the day.
	from, to := local.ZoneBounds()
	if t.dayFrom.Before(from) {
		t.dayFrom = from
	}
	if !to.IsZero() && to.Before(t.dayTo) {
		t.dayTo = to
	}
	return c
}

func owner(w *Who) string {
	return cmp.Or(w.Owner.Username, strings.TrimSpace(w.Owner.FirstName+" "+w.Owner.LastName), w.Owner.UserID)
}

func calendar(w *Who) string { return cmp.Or(w.CalendarPath, w.CalendarURL) }

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
