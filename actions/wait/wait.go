// Package wait is the action that pauses a run: for a duration, until a time
// computed from the meeting, or until a wall-clock time in a zone.
//
// Gavel itself keeps the time; nothing is sent early. The engine computes it
// again whenever the meeting changes.
package wait

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

// Kind describes the action.
func Kind() params.Kind {
	return params.Kind{
		Name: "wait",
		Doc: "Puts the run to sleep. Give one of `for`, `until` or `at`. A wait follows its meeting: " +
			"it is moved when the meeting is moved and dropped when the meeting is canceled.",
		New:       func() params.Params { return &Params{} },
		NewResult: func() any { return &Result{} },
		Timeout:   time.Minute,
	}
}

// Params are the parameters of the action in a rule.
type Params struct {
	For   units.Duration `yaml:"for" doc:"how long to sleep, from when the run reaches the wait" example:"2h"`
	Until values.Expr    `yaml:"until" type:"time" doc:"the time to wake, an expression" example:"meeting.meetingEnd + duration(\"1h\")"`

	At         string        `yaml:"at" doc:"wall-clock time to wake, on the day given by of, days_before and days_after" example:"09:00"`
	Of         values.Expr   `yaml:"of" type:"time" doc:"the time whose day counts, with at; default: the start of the meeting" example:"meeting.meetingEnd"`
	DaysBefore int           `yaml:"days_before" doc:"days before that day, with at" example:"1"`
	DaysAfter  int           `yaml:"days_after" doc:"days after that day, with at"`
	Zone       []values.Text `yaml:"zone" doc:"IANA time zone of at, or a list of which the first valid one is used, since an invitee's answer may be wrong; required with at" example:"Europe/Paris"`

	OnlyBetween *Between `yaml:"only_between" doc:"hours in which the run may wake; a time outside them is moved"`

	IfPast  string `yaml:"if_past" enum:"run,skip" default:"run" doc:"what to do when the time has already passed: continue at once, or end the run as skipped"`
	Follow  bool   `yaml:"follow" default:"true" doc:"move and cancel the wait with its meeting"`
	Recheck bool   `yaml:"recheck" default:"true" doc:"check the rule's condition again on waking, with the meeting as it is then"`
}

// Result is what later actions can use.
type Result struct {
	Since time.Time `json:"since" expr:"since" doc:"when the run reached the wait"`
	Until time.Time `json:"until" expr:"until" doc:"the time it was due to wake"`
}

// Build checks the parameters and how they combine.
func (p *Params) Build(any) (params.Action, error) {
	given := 0
	for _, g := range []bool{p.For != 0, !p.Until.IsZero(), p.At != ""} {
		if g {
			given++
		}
	}
	if given != 1 {
		return nil, errors.New("give exactly one of for, until or at")
	}
	if p.For < 0 {
		return nil, &params.FieldError{Field: "for", Err: errors.New("is negative"), Hint: "use a positive duration"}
	}
	w := &wait{p: p}
	if p.At != "" {
		if err := w.buildClock(); err != nil {
			return nil, err
		}
	}
	if p.OnlyBetween != nil {
		hours, err := p.OnlyBetween.build()
		if err != nil {
			return nil, err
		}
		w.hours = hours
	}
	return w, nil
}

// wait is a built wait action.
type wait struct {
	p     *Params
	clock clock  // with at
	hours *hours // nil without only_between
}

func (w *wait) buildClock() error {
	var err error
	if w.clock, err = parseClock(w.p.At); err != nil {
		return &params.FieldError{Field: "at", Err: err, Hint: `write "09:00"`}
	}
	if len(w.p.Zone) == 0 {
		return &params.FieldError{Field: "zone", Err: errors.New("is missing"), Hint: "a time of day needs a zone such as Europe/Paris"}
	}
	return checkZones("zone", w.p.Zone)
}

// Prepare is called by explain and tests, which show when the run would wake.
func (w *wait) Prepare(s *language.Scope) (params.Effect, error) {
	wake, err := w.Wait(s, s.Now, s.Now)
	if err != nil {
		return nil, err
	}
	return preview{At: wake.At, Reason: wake.Reason, Skip: wake.Skip}, nil
}

type preview struct {
	At     time.Time `json:"until"`
	Reason string    `json:"reason"`
	Skip   bool      `json:"skip,omitempty"`
}

// Do is never called: the engine waits instead of sending.
func (preview) Do(context.Context, params.Delivery) (any, error) {
	return nil, errors.New("a wait cannot be sent")
}

// Aim implements params.Aimed.
func (w *wait) Aim() string {
	hours := ""
	if b := w.p.OnlyBetween; b != nil {
		hours = ", only from " + b.From + " to " + b.To
	}
	switch {
	case w.p.For != 0:
		return "for " + units.Duration(w.p.For).String() + hours
	case !w.p.Until.IsZero():
		return "until " + w.p.Until.Source + hours
	}
	day, of := "on the day of ", "the meeting"
	if !w.p.Of.IsZero() {
		of = w.p.Of.Source
	}
	switch {
	case w.p.DaysBefore > 0:
		day = count(w.p.DaysBefore) + " before "
	case w.p.DaysAfter > 0:
		day = count(w.p.DaysAfter) + " after "
	}
	return "until " + w.p.At + ", " + day + of + hours
}

func count(days int) string {
	if days == 1 {
		return "1 day"
	}
	return strconv.Itoa(days) + " days"
}

// Follow implements rules.Waiter.
func (w *wait) Follow() bool { return w.p.Follow }

// Recheck implements rules.Waiter.
func (w *wait) Recheck() bool { return w.p.Recheck }

// Lapses implements params.Waiter.
func (w *wait) Lapses() bool { return w.p.IfPast == "skip" }

// Wait implements rules.Waiter.
func (w *wait) Wait(s *language.Scope, now, since time.Time) (params.Wake, error) {
	at, reason, err := w.moment(s, since)
	if err != nil {
		return params.Wake{}, err
	}
	if w.hours != nil {
		held, why, err := w.hours.hold(s, at)
		if err != nil {
			return params.Wake{}, err
		}
		if !held.Equal(at) {
			at, reason = held, reason+"; "+why
		}
	}
	wake := params.Wake{At: at, Reason: reason}
	if w.p.IfPast == "skip" && at.Before(now) {
		wake.Skip = true
		wake.Reason = fmt.Sprintf("skipped: %s, in the past (if_past: skip)", reason)
	}
	return wake, nil
}

// moment returns when to wake, without only_between, and why.
func (w *wait) moment(s *language.Scope, since time.Time) (time.Time, string, error) {
	switch {
	case w.p.For != 0:
		at := since.Add(time.Duration(w.p.For))
		return at, fmt.Sprintf("%s after %s is %s", time.Duration(w.p.For), event.TimeText(since), event.TimeText(at)), nil
	case !w.p.Until.IsZero():
		at, err := evalTime(w.p.Until, s)
		if err != nil {
			return time.Time{}, "", err
		}
		return at, w.p.Until.Source + " is " + event.TimeText(at), nil
	}
	return w.wallClock(s)
}

func (w *wait) wallClock(s *language.Scope) (time.Time, string, error) {
	of := s.Meeting().Start
	if !w.p.Of.IsZero() {
		var err error
		if of, err = evalTime(w.p.Of, s); err != nil {
			return time.Time{}, "", err
		}
	}
	if of.IsZero() {
		return time.Time{}, "", errors.New("this event has no meetingStart, so there is no day to count from; set of: to another time")
	}
	zone, err := renderZone(w.p.Zone, s)
	if err != nil {
		return time.Time{}, "", err
	}
	day := dayOf(of.In(zone), w.p.DaysAfter-w.p.DaysBefore)
	at := w.clock.on(day)
	return at, fmt.Sprintf("%s on %s in %s is %s", w.p.At, day.Format("Mon 2006-01-02"), zone, event.TimeText(at)), nil
}

func evalTime(e values.Expr, s *language.Scope) (time.Time, error) {
	v, err := e.Eval(s)
	if err != nil {
		return time.Time{}, err
	}
	at, ok := v.(time.Time)
	if !ok {
		return time.Time{}, fmt.Errorf("%s is not a time", e.Source)
	}
	if at.IsZero() {
		return time.Time{}, fmt.Errorf("%s is empty in this event", e.Source)
	}
	return at, nil
}

// renderZone returns the first valid zone: an invitee's answer may be anything.
func renderZone(zones []values.Text, s *language.Scope) (*time.Location, error) {
	var errs []string
	for _, t := range zones {
		name, err := t.Render(s, nil)
		if err != nil {
			return nil, err
		}
		zone, err := loadZone(strings.TrimSpace(name))
		if err == nil {
			return zone, nil
		}
		errs = append(errs, err.Error())
	}
	return nil, errors.New(strings.Join(errs, ", ") + "; add a fallback zone, as in zone: [\"${{ … }}\", Europe/Paris]")
}

// checkZones checks the zones that are literals.
func checkZones(field string, zones []values.Text) error {
	for i, t := range zones {
		literal, ok := t.Literal()
		if !ok {
			continue
		}
		if _, err := loadZone(literal); err != nil {
			if len(zones) > 1 {
				field = fmt.Sprintf("%s[%d]", field, i)
			}
			return &params.FieldError{Field: field, Err: err, Hint: "write a name from the IANA list, such as Europe/Paris"}
		}
	}
	return nil
}

func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not a time zone", shortened(name))
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not a time zone", shortened(name))
	}
	return zone, nil
}

// shortened limits untrusted text in a message to 60 bytes.
func shortened(name string) string {
	if len(name) > 60 {
		return strings.ToValidUTF8(name[:60], "") + "…"
	}
	return name
}
