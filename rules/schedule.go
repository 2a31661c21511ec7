package rules

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/collect"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/moments"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

// Schedule says when a rule runs without an event of the source.
type Schedule struct {
	*moments.Schedule
	// SkipMissed says that a run that comes too late is skipped.
	SkipMissed bool
}

type scheduleParams struct {
	At       []string `yaml:"at" doc:"Time of day, or a list of them." example:"09:00"`
	Days     []string `yaml:"days" doc:"Days of the week, or weekdays; default: every day." example:"[mon]"`
	Cron     string   `yaml:"cron" doc:"Instead of at and days: minute, hour, day of the month, month and day of the week." example:"0 9 1 * *"`
	Zone     string   `yaml:"zone" default:"UTC" doc:"IANA time zone." example:"Europe/Paris"`
	IfMissed string   `yaml:"if_missed" enum:"run,skip" doc:"What to do when Gavel was not running at that time: run once afterwards, which is the default, or skip it."`
}

type collectParams struct {
	Event []string `yaml:"event" required:"true" doc:"Type of event, a pattern with *, or a list of both." example:"scheduling.smartscheduler.scheduled"`
	Since string   `yaml:"since" default:"last" doc:"From when on: last, the previous run, or a duration before this one." example:"7d"`
}

const (
	maxBy      = 10
	maxColumns = 50
	sinceLast  = "last"
	// MissedAfter is how late a schedule may be before it counts as missed.
	MissedAfter = 5 * time.Minute
)

// Missed reports whether a run for the event of the schedule is skipped, because
// it comes too late.
func (s *Schedule) Missed(due *event.Event) bool {
	return s.SkipMissed && due.Received.Sub(due.Own.Due) > MissedAfter
}

// forbidMeeting takes away what a run of a schedule does not have.
func (r *Rule) forbidMeeting(w *language.Vocabulary) {
	reason := "a run of a schedule has no meeting and no change"
	if r.Collect == nil {
		reason += "; collect: gathers events"
		w.Forbid("add collect: { event: … } to the rule", eval.WordWindow)
	} else {
		reason += "; the events are in window"
	}
	w.Forbid(reason, eval.WordMeeting, eval.WordPrevious, eval.WordReschedules, eval.WordChange, eval.WordTest)
}

// scheduled reads schedule:, so that what follows knows what the rule is about.
func (d *ruleDecoder) scheduled(r *Rule, keys map[string]text.Entry) {
	e, ok := keys["schedule"]
	if !ok {
		return
	}
	r.Schedule, r.Events = &Schedule{}, []string{own.TypeScheduleDue}
	var p scheduleParams
	if d.Out.Sound(func() { d.windowParams(e, &p) }) {
		d.when(r.Schedule, e, &p)
	}
	d.Words.LimitTo(r.Events)
	_, collects := keys["collect"]
	if collects {
		r.Collect = &collect.Spec{}
	}
	r.forbidMeeting(d.Words)
	for _, name := range append([]string{"event"}, windowKeys()...) {
		if other, both := keys[name]; both {
			hint := "split it into two rules"
			if name == "event" {
				hint = "remove event:, or write collect: { event: … } to gather events"
			}
			d.Fail(other.Key, name+" cannot be combined with schedule", hint)
		}
	}
	for _, name := range []string{"late", "each_event"} {
		if other, both := keys[name]; both {
			d.Warn(other.Key, name+" has no effect in a rule with schedule", "leave it out")
		}
	}
}

// when finds out when a schedule is due.
func (d *ruleDecoder) when(s *Schedule, e text.Entry, p *scheduleParams) {
	s.SkipMissed = p.IfMissed == "skip"
	if d.valueOf(e, "zone") == nil {
		p.Zone = "UTC" // and not that of the machine
	}
	var wrong *scheduleMistake
	if s.Schedule, wrong = p.read(); wrong == nil {
		return
	}
	at := d.valueOf(e, wrong.key)
	if at == nil {
		at = e.Value
	}
	d.Fail(at, wrong.message, wrong.hint)
}

// scheduleMistake is what is wrong with a key of a schedule; without a key, with
// all of it.
type scheduleMistake struct{ key, message, hint string }

func (p *scheduleParams) read() (*moments.Schedule, *scheduleMistake) {
	zone, err := time.LoadLocation(p.Zone)
	days, wrong := weekdays(p.Days)
	switch {
	case err != nil || p.Zone == "" || p.Zone == "Local":
		return nil, &scheduleMistake{"zone", text.Quote(text.Clip(p.Zone, 60)) + " is not a time zone", "write one as Europe/Paris"}
	case len(p.At) == 0 && p.Cron == "":
		return nil, &scheduleMistake{"", "schedule does not say when", `write { at: "09:00", days: [mon], zone: Europe/Paris }, or cron:`}
	case p.Cron != "" && (len(p.At) > 0 || len(p.Days) > 0):
		return nil, &scheduleMistake{"cron", "cron cannot be combined with at or days", "remove one of them"}
	case wrong != "":
		return nil, &scheduleMistake{"days", text.Quote(text.Clip(wrong, 40)) + " is not a day of the week", "write mon, tue, wed, thu, fri, sat, sun or weekdays"}
	case p.Cron != "":
		s, err := moments.Cron(p.Cron, zone)
		if errors.Is(err, moments.ErrNever) {
			return nil, &scheduleMistake{"cron", "this never comes: no such day exists", "check the day of the month and the month"}
		}
		if err != nil {
			return nil, &scheduleMistake{"cron", err.Error(), `write "0 9 * * 1", for example, for Mondays at 09:00`}
		}
		return s, nil
	}
	s, err := moments.Daily(p.At, days, zone)
	if err != nil {
		return nil, &scheduleMistake{"at", err.Error(), `write "09:00", in quotes`}
	}
	return s, nil
}

// outlinedSchedule reads a schedule without reporting mistakes.
func outlinedSchedule(d *ruleDecoder, e text.Entry) *moments.Schedule {
	p := scheduleParams{Zone: "UTC"}
	for _, x := range d.QuietEntries(e.Value) {
		switch x.Name {
		case "at":
			p.At = texts(x.Value)
		case "days":
			p.Days = texts(x.Value)
		case "cron":
			p.Cron = x.Value.Value
		case "zone":
			p.Zone = x.Value.Value
		}
	}
	s, _ := p.read()
	return s
}

// weekdays reads days of the week; wrong is one that is none.
func weekdays(names []string) (out []time.Weekday, wrong string) {
	for _, name := range names {
		if strings.EqualFold(name, "weekdays") {
			out = append(out, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday)
			continue
		}
		n := len(out)
		for day := time.Sunday; day <= time.Saturday; day++ {
			if full := day.String(); strings.EqualFold(name, full) || strings.EqualFold(name, full[:3]) {
				out = append(out, day)
			}
		}
		if len(out) == n {
			return nil, name
		}
	}
	return out, ""
}

// collected reads collect:.
func (d *ruleDecoder) collected(r *Rule, keys map[string]text.Entry) {
	e, ok := keys["collect"]
	if !ok {
		return
	}
	if r.Schedule == nil {
		d.Fail(e.Key, "collect needs a schedule", `add schedule: { at: "09:00", days: [mon], zone: Europe/Paris }; to gather events without one, use digest:`)
		return
	}
	inner := *d
	inner.Words = d.Comp.MatchVocabulary()
	inner.Words.Forbid("what is remembered now says nothing about earlier events", eval.WordMemory)
	inner.Uses = nil
	r.Collect.Finish()
	defer r.Collect.Finish()
	if e.Value.Kind != yaml.MappingNode {
		d.Fail(e.Value, "collect must be a mapping, not "+text.Article(e.Value), "write collect: { event: scheduling.smartscheduler.scheduled }")
		return
	}
	var p collectParams
	inner.MappingOf(e.Value, &p, "when", "by", "row")
	r.Collect.Events = p.Event
	inner.Words.LimitTo(p.Event)
	for _, x := range d.QuietEntries(e.Value) {
		switch x.Name {
		case "event":
			eventTypes(&inner, x, p.Event)
		case "since":
			r.Collect.Since = inner.since(x.Value, p.Since)
		case "when":
			r.Collect.When = inner.Condition(x.Value)
		case "by":
			r.Collect.By = inner.named(x, maxBy, true)
		case "row":
			r.Collect.Row = inner.named(x, maxColumns, false)
		}
	}
}

// since reads how far back to collect; 0 means since the last run.
func (d *ruleDecoder) since(n *yaml.Node, s string) time.Duration {
	if s == sinceLast {
		return 0
	}
	length, err := units.ParseDuration(s)
	switch {
	case err != nil:
		d.Fail(n, text.Quote(text.Clip(s, 40))+" is neither last nor a duration", "write last, or 7d, for example")
	case length <= 0:
		d.Fail(n, "since must be positive", "")
	case time.Duration(length) > maxLength:
		d.Fail(n, "since is longer than a year", "")
	}
	return time.Duration(length)
}

// named reads expressions with names.
func (d *ruleDecoder) named(e text.Entry, most int, keys bool) []collect.Named {
	value := text.Resolve(e.Value)
	if value.Kind != yaml.MappingNode || len(value.Content) == 0 {
		what := text.Article(value)
		if value.Kind == yaml.MappingNode {
			what = "empty"
		}
		d.Fail(value, e.Name+" must be a mapping of names and expressions, not "+what, "write "+e.Name+": { owner: meeting.meetingOwner.username }")
		return nil
	}
	var out []collect.Named
	for _, x := range d.Entries(value) {
		n := text.Resolve(x.Value)
		switch {
		case !language.IsIdentifier(x.Name) || len(x.Name) > 60:
			d.Fail(x.Key, "name "+text.Quote(text.Clip(x.Name, 60))+" is not allowed", "use up to 60 letters, digits and _, and begin with a letter")
			continue
		case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
			d.Fail(x.Value, "must be an expression, not "+text.Article(n), "write meeting.meetingOwner.username, for example")
			continue
		}
		expr := d.Expression(n, n.Value, "any")
		if keys {
			d.key(e.Name, expr)
		}
		out = append(out, collect.Named{Name: x.Name, Expr: expr})
	}
	if len(out) > most {
		d.Fail(e.Key, fmt.Sprintf("%s has more than %d names", e.Name, most), "")
	}
	return out
}

// collected is the window of a rule with a schedule.
func (r *Rule) collected(o language.ScopeOptions) map[string]any {
	if o.Collected != nil {
		return o.Collected
	}
	return r.Collect.Nothing()
}

// Collection collects events for one run of a rule with a schedule.
type Collection struct {
	*collect.Collector
	set   *Set
	rule  *Rule
	scope *language.Scope
	data  bool
	// Since and Until are the time in which the events were received, Until
	// exclusive.
	Since, Until time.Time
}

// Collect begins to collect for the event of a schedule.
func (s *Set) Collect(r *Rule, due *event.Event) *Collection {
	c := &Collection{Collector: r.Collect.Start(), set: s, rule: r, data: r.Collect.UsesData(), Since: due.Own.Since, Until: due.Own.Due}
	if r.Collect.Since > 0 {
		c.Since = c.Until.Add(-r.Collect.Since)
	}
	return c
}

// Types are the types and patterns of what is collected.
func (c *Collection) Types() []string { return c.rule.Collect.Events }

// Add collects an event, if it is of a type that is collected, received in time,
// and not ignored.
func (c *Collection) Add(ctx context.Context, ev *event.Event) error {
	if ev.Received.Before(c.Since) || !ev.Received.Before(c.Until) ||
		!slices.ContainsFunc(c.rule.Collect.Events, func(p string) bool { return matchPattern(p, ev.Type) }) {
		return nil
	}
	c.scope = language.MatchScope(c.scope, ev, c.set.constants()).Within(ctx)
	if c.data {
		c.scope.AddData()
	}
	defer c.scope.Empty()
	// What cannot be evaluated is left to the condition of the collection.
	if ignored, err := c.set.Ignores(c.scope); err == nil && ignored {
		return ctx.Err()
	}
	c.Collector.Add(c.scope)
	return ctx.Err()
}

// Window is what expressions read as window.
func (c *Collection) Window() map[string]any {
	out := c.Collector.Window(c.Since, c.Until)
	if c.rule.uses.Data {
		out["events"] = c.Newest().WithData().Events
	}
	return out
}
