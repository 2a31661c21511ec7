package rules

import (
	"fmt"
	"reflect"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

// Threshold starts a run when Count events with the same Per happen within
// Within.
type Threshold struct {
	Count  int
	Within time.Duration
	Per    values.Expr
}

// Throttle starts at most one run per Once for the same Per.
type Throttle struct {
	Once time.Duration
	Per  values.Expr
}

// Digest starts one run for all events within Every with the same Per.
type Digest struct {
	Every time.Duration
	Per   values.Expr
}

type thresholdParams struct {
	Count  int            `yaml:"count" required:"true" min:"2" max:"1000" doc:"How many events are needed." example:"5"`
	Within units.Duration `yaml:"within" required:"true" doc:"Longest time from the first event to the last, by the events' own times." example:"1h"`
	Per    values.Expr    `yaml:"per" doc:"Count separately for each value of this expression; by default, count all together." example:"meeting.meetingOwner.userId"`
}

type throttleParams struct {
	Once units.Duration `yaml:"once" required:"true" doc:"Time in which the rule runs once; further events are counted." example:"1h"`
	Per  values.Expr    `yaml:"per" doc:"Throttle separately for each value of this expression; by default, throttle all together." example:"meeting.meetingOwner.userId"`
}

type digestParams struct {
	Every units.Duration `yaml:"every" required:"true" doc:"How long to collect, from the first event." example:"1h"`
	Per   values.Expr    `yaml:"per" doc:"Collect separately for each value of this expression; by default, collect all together." example:"meeting.meetingOwner.userId"`
}

const (
	minCount  = 2
	maxCount  = 1000
	maxLength = 366 * 24 * time.Hour
)

// windowKeys are the keys of a rule that look at events over time.
func windowKeys() []string { return []string{"threshold", "throttle", "digest", "absence"} }

// windows reads the window keys. A digest cannot be combined with the others:
// what it collects is sent once anyway.
func (d *ruleDecoder) windows(r *Rule, keys map[string]text.Entry) {
	if e, ok := keys["threshold"]; ok {
		var p thresholdParams
		d.windowParams(e, &p)
		if at := d.valueOf(e, "count"); at != nil && at.Tag == "!!int" && (p.Count < minCount || p.Count > maxCount) {
			d.Fail(at, fmt.Sprintf("count must be between %d and %d", minCount, maxCount), "")
		}
		d.span(e, "within", p.Within)
		d.key("per", p.Per)
		r.Threshold = &Threshold{Count: p.Count, Within: time.Duration(p.Within), Per: p.Per}
	}
	if e, ok := keys["throttle"]; ok {
		var p throttleParams
		d.windowParams(e, &p)
		d.span(e, "once", p.Once)
		d.key("per", p.Per)
		r.Throttle = &Throttle{Once: time.Duration(p.Once), Per: p.Per}
	}
	if e, ok := keys["digest"]; ok {
		var p digestParams
		d.windowParams(e, &p)
		d.span(e, "every", p.Every)
		d.key("per", p.Per)
		r.Digest = &Digest{Every: time.Duration(p.Every), Per: p.Per}
		if r.Threshold != nil || r.Throttle != nil {
			d.Fail(e.Key, "digest cannot be combined with threshold or throttle", "split it into two rules")
		}
	}
	if e, ok := keys["absence"]; ok {
		d.absence(r, e, keys)
	}
	if r.Threshold != nil || r.Digest != nil || r.Absence != nil && keys["event"].Key == nil {
		// An event that comes late has happened all the same.
		r.Late = LateRun
	}
}

func (d *ruleDecoder) windowParams(e text.Entry, p any) {
	if e.Value.Kind != yaml.MappingNode {
		d.Fail(e.Value, text.Quote(e.Name)+" must be a mapping, not "+text.Article(e.Value), params.MappingHint(reflect.ValueOf(p).Elem(), e.Value))
		return
	}
	d.MappingOf(e.Value, p)
}

// valueOf returns the value of a key of a mapping, or nil.
func (d *ruleDecoder) valueOf(e text.Entry, name string) *yaml.Node {
	for _, x := range d.QuietEntries(e.Value) {
		if x.Name == name {
			return x.Value
		}
	}
	return nil
}

// span checks the range of a duration that could be parsed.
func (d *ruleDecoder) span(e text.Entry, name string, length units.Duration) {
	at := d.valueOf(e, name)
	if at == nil {
		return
	}
	if _, err := units.ParseDuration(at.Value); err != nil {
		return // reported when it was read
	}
	switch {
	case length <= 0:
		d.Fail(at, name+" must be positive", "")
	case time.Duration(length) > maxLength:
		d.Fail(at, name+" is longer than a year", "")
	}
}

// key checks that the values of per, or of another key, can be compared.
func (d *ruleDecoder) key(name string, per values.Expr) {
	if per.IsZero() || per.Kind() == language.KindNothing {
		return
	}
	switch per.Kind() {
	case language.KindText, language.KindNumber, language.KindBool, language.KindAny:
		return
	}
	d.FailAt(per.Position(), len([]rune(per.Source)), name+" must be text, a number, or true or false, but this is "+string(per.Kind()),
		"name one value, such as meeting.meetingOwner.userId")
}

// HasWindows reports whether the rule has a threshold, a throttle, a digest or an
// absence.
func (r *Rule) HasWindows() bool {
	return r.Threshold != nil || r.Throttle != nil || r.Digest != nil || r.Absence != nil
}

// HasKeys reports whether a window of the rule has a per, which needs a scope.
func (r *Rule) HasKeys() bool {
	return r.Threshold != nil && !r.Threshold.Per.IsZero() || r.Throttle != nil && !r.Throttle.Per.IsZero() || r.Digest != nil && !r.Digest.Per.IsZero() ||
		r.Absence != nil && !r.Absence.Per.IsZero()
}

// Gathers reports whether an action of the rule uses the events that its
// threshold or digest collected.
func (r *Rule) Gathers() bool { return r.uses.Gathers }

// Windows returns the windows of the rule for an event, in the order in which
// they are checked. The scope may be nil for a rule without keys.
func (r *Rule) Windows(s *language.Scope) ([]event.Window, error) {
	var out []event.Window
	add := func(w event.Window, per values.Expr) error {
		w.Rule, w.Shadow = r.Name, r.Shadow
		var err error
		if w.Key, err = per.Key(s); err != nil {
			return fmt.Errorf("per of the %s: %w", w.Kind, err)
		}
		if !per.IsZero() {
			w.Label = text.Quote(text.Clip(w.Key, 60))
		}
		out = append(out, w)
		return nil
	}
	if t := r.Threshold; t != nil {
		if err := add(event.Window{Kind: event.WindowThreshold, Count: t.Count, Length: t.Within}, t.Per); err != nil {
			return nil, err
		}
	}
	if t := r.Throttle; t != nil {
		if err := add(event.Window{Kind: event.WindowThrottle, Length: t.Once}, t.Per); err != nil {
			return nil, err
		}
	}
	if g := r.Digest; g != nil {
		if err := add(event.Window{Kind: event.WindowDigest, Length: g.Every}, g.Per); err != nil {
			return nil, err
		}
	}
	if r.Absence != nil {
		w, err := r.absence(s)
		return append(out, w), err
	}
	return out, nil
}
