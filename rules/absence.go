package rules

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/language/sieve"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

// Absence starts the actions when, within For after the event of the rule, no event
// of Of with the same Per has come.
type Absence struct {
	Of     Awaited
	Unless *Awaited // ends the time, too; nil if there is none
	For    time.Duration
	Per    values.Expr
	// Keys are values of Per that are known before an event has them. The time of
	// each begins with an own event of TypeAbsence; see Set.Keys.
	Keys []string

	keys values.Expr
}

// Awaited are events that end an absence.
type Awaited struct {
	Events []string // types and patterns as written
	When   *values.Condition

	condition *sieve.Condition // what of When can be decided without running it
}

// String names the events.
func (a *Awaited) String() string { return strings.Join(a.Events, " or ") }

type absenceParams struct {
	For  units.Duration `yaml:"for" required:"true" doc:"How long nothing has come, from the event that begins the time, by the events' own times." example:"7d"`
	Per  values.Expr    `yaml:"per" doc:"Only an event with the same value of this expression ends the time; by default, every one does." example:"meeting.meetingOwner.username"`
	Keys values.Expr    `yaml:"keys" doc:"A list of values of per that are known although no event has them yet, such as the owners in a table; only in a rule without event. In the actions, gavel.key is the value." example:"map(tables.owners, .username)"`
}

type awaitedParams struct {
	Event []string `yaml:"event" required:"true" doc:"Type of event, a pattern with *, or a list of both." example:"scheduling.smartscheduler.scheduled"`
}

// absence reads what a rule waits for in vain. Without an event of its own, each
// event that is awaited begins the time anew.
func (d *ruleDecoder) absence(r *Rule, e text.Entry, keys map[string]text.Entry) {
	r.Absence = &Absence{}
	var p absenceParams
	if e.Value.Kind != yaml.MappingNode {
		d.Fail(e.Value, `"absence" must be a mapping, not `+text.Article(e.Value), "write absence: { of: { event: "+event.TypeScheduled+" }, for: 7d }")
		return
	}
	parts := map[string]text.Entry{}
	for _, x := range d.QuietEntries(e.Value) {
		parts[x.Name] = x
	}
	begin, given := keys["event"]
	if of, ok := parts["of"]; ok {
		r.Absence.Of = *d.awaited(of)
	} else {
		d.Fail(e.Value, `"of" is missing`, "say what should come: of: { event: "+event.TypeScheduled+" }")
	}
	if unless, ok := parts["unless"]; ok {
		r.Absence.Unless = d.awaited(unless)
	}
	about := slices.Clone(r.Absence.Of.Events)
	if given {
		about = append(about, listedTypes(begin.Value)...)
	} else {
		r.Events, r.When = r.Absence.Of.Events, r.Absence.Of.When
		if _, listed := parts["keys"]; listed {
			r.Events = append(slices.Clone(r.Events), own.TypeAbsence)
		}
		if when, ok := keys["when"]; ok {
			d.Fail(when.Key, "a rule without event has no condition of its own", "move it to absence: of: { when: … }")
		}
	}
	inner := *d
	inner.Words = d.Comp.MatchVocabulary()
	inner.Words.LimitTo(about)
	inner.MappingOf(e.Value, &p, "of", "unless")
	d.span(e, "for", p.For)
	d.key("per", p.Per)
	r.Absence.For, r.Absence.Per, r.Absence.keys = time.Duration(p.For), p.Per, p.Keys
	if keys, listed := parts["keys"]; listed {
		switch {
		case given:
			d.Fail(keys.Key, "keys needs a rule without event", "remove event:, or keys:")
		case parts["per"].Key == nil:
			d.Fail(keys.Key, "keys needs per", "say what the keys are: per: meeting.meetingOwner.username")
		case !p.Keys.IsZero() && p.Keys.Kind() != language.KindNothing && !p.Keys.Constant():
			d.FailAt(p.Keys.Position(), len([]rune(p.Keys.Source)), "keys cannot use an event, because they are evaluated when the rules are loaded",
				"use a table or vars, such as map(tables.owners, .username)")
		}
	}
	for _, other := range []string{"threshold", "throttle", "digest"} {
		if x, ok := keys[other]; ok {
			d.Fail(x.Key, other+" cannot be combined with absence", "split it into two rules")
		}
	}
}

// maxKeys is how many keys an absence can list.
const maxKeys = 10_000

// listKeys evaluates the keys of an absence, once its rule is read.
func (l *loader) listKeys(d *ruleDecoder, r *Rule) {
	if r.Absence == nil || !r.Absence.keys.Constant() {
		return
	}
	keys := r.Absence.keys
	fail := func(message, hint string) { d.FailAt(keys.Position(), len([]rune(keys.Source)), message, hint) }
	none := &event.Event{Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}, Own: own.None()}
	v, err := keys.Eval(language.MatchScope(nil, none, language.Constants{Vars: l.vars, Env: l.comp.Environment()}))
	if err != nil {
		fail("keys cannot be evaluated: "+err.Error(), "")
		return
	}
	plain, err := eval.PlainValue(v)
	list, ok := plain.([]any)
	if err != nil || !ok && plain != nil {
		fail("keys must be a list of texts", "such as map(tables.owners, .username)")
		return
	}
	known := map[string]bool{}
	for _, item := range list {
		key, isText := item.(string)
		switch {
		case !isText:
			fail("keys must be a list of texts, but it has "+text.Quote(text.Clip(eval.Display(item), 40)), "such as map(tables.owners, .username)")
			return
		case key != "" && !known[key]:
			known[key] = true
			r.Absence.Keys = append(r.Absence.Keys, key)
		}
	}
	if len(r.Absence.Keys) > maxKeys {
		fail(fmt.Sprintf("keys has %d values, and at most %d are possible", len(r.Absence.Keys), maxKeys), "split the rule by a part of the keys")
	}
}

// Keys are the own events that begin the time of the keys that an absence lists.
// Each is stored once, whenever and by whomever it is told.
func (r *Rule) Keys(at time.Time) []own.Telling {
	if r.Absence == nil || r.Disabled {
		return nil
	}
	out := make([]own.Telling, 0, len(r.Absence.Keys))
	for _, key := range r.Absence.Keys {
		sum := sha256.Sum256([]byte(key))
		out = append(out, own.Telling{
			ID: own.TypeAbsence + ":" + r.Name + ":" + hex.EncodeToString(sum[:16]), Type: own.TypeAbsence, At: at,
			Facts: own.Facts{Rule: r.Name, Key: key, Since: at, Text: "rule " + r.Name + " waits for " + r.Absence.Of.String() + " of a listed key"}, // no key, which may have to be hidden
		})
	}
	return out
}

// Listing returns the rules with an absence that lists keys.
func (s *Set) Listing() []*Rule {
	var out []*Rule
	for _, r := range s.absences {
		if len(r.Absence.Keys) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// awaited reads events, and a condition of them.
func (d *ruleDecoder) awaited(e text.Entry) *Awaited {
	out := &Awaited{}
	if e.Value.Kind == yaml.ScalarNode || e.Value.Kind == yaml.SequenceNode {
		d.Fail(e.Value, text.Quote(e.Name)+" must be a mapping, not "+text.Article(e.Value), "write "+e.Name+": { event: "+event.TypeScheduled+" }")
		return out
	}
	inner := *d
	inner.Words = d.Comp.MatchVocabulary()
	for _, x := range d.QuietEntries(e.Value) {
		if x.Name == "event" {
			out.Events = listedTypes(x.Value)
			inner.Words.LimitTo(out.Events)
			eventTypes(d, x, out.Events)
		}
	}
	for _, x := range d.QuietEntries(e.Value) {
		if x.Name == "when" {
			out.When = inner.Condition(x.Value)
		}
	}
	var p awaitedParams
	inner.MappingOf(e.Value, &p, "when")
	return out
}

// absence is the absence of the rule for an event.
func (r *Rule) absence(s *language.Scope) (event.Window, error) {
	a := r.Absence
	w := event.Window{Kind: event.WindowAbsence, Rule: r.Name, Shadow: r.Shadow, Length: a.For, Of: a.Of.String()}
	var err error
	if w.Begins = s != nil && s.Event.Type == own.TypeAbsence; w.Begins {
		w.Key = s.Event.Own.Key
	} else if w.Key, err = a.Per.Key(s); err != nil {
		return w, fmt.Errorf("per of the %s: %w", w.Kind, err)
	}
	if !a.Per.IsZero() {
		w.Label = text.Quote(text.Clip(w.Key, 60))
	}
	return w, nil
}

// Awaits reports whether events can end absences of the set.
func (s *Set) Awaits() bool { return len(s.absences) > 0 }

// Watches reports whether the set looks for the same events, for the absence of a
// rule of an earlier set.
func (s *Set) Watches(was *Rule) bool {
	now := s.Rule(was.Name)
	return now != nil && !now.Disabled && now.Shadow == was.Shadow && now.Absence != nil && now.Absence.same(was.Absence)
}

func (a *Absence) same(o *Absence) bool {
	return a.Per.Source == o.Per.Source && a.Of.same(&o.Of) && (a.Unless == nil) == (o.Unless == nil) &&
		(a.Unless == nil || a.Unless.same(o.Unless))
}

func (a *Awaited) same(o *Awaited) bool {
	source := func(c *values.Condition) string {
		if c == nil {
			return ""
		}
		return c.Source
	}
	return slices.Equal(a.Events, o.Events) && source(a.When) == source(o.When)
}

// Ends returns the absences that an event ends. An event whose condition cannot be
// evaluated ends them too, so that nothing is sent that is not certain. The error
// says of which the key could not be evaluated.
func (s *Set) Ends(ctx context.Context, ev *event.Event, recollect Recollect) ([]event.Ending, error) {
	if !s.Awaits() {
		return nil, nil
	}
	m, _ := s.matches.Get().(*match)
	if m == nil {
		m = &match{}
	}
	m.start(ctx, s, ev)
	m.recollect = recollect
	defer func() {
		m.end()
		s.matches.Put(m)
	}()
	var (
		out  []event.Ending
		errs []error
	)
	for _, r := range s.absences {
		for _, a := range []*Awaited{&r.Absence.Of, r.Absence.Unless} {
			if a == nil || !matchesType(a.Events, ev.Type) {
				continue
			}
			holds, unsure := m.holds(a.When, a.condition)
			if !holds && unsure == nil {
				continue
			}
			if ignored, _ := m.ignored(); ignored {
				return nil, nil
			}
			m.run()
			if r.Absence.Per.UsesData() {
				m.scope.AddData()
			}
			w, err := r.absence(m.scope)
			if err != nil {
				errs = append(errs, fmt.Errorf("rule %q: %w", r.Name, err))
				break
			}
			if w.Key == "" && !r.Absence.Per.IsZero() {
				break
			}
			e := event.Ending{Window: w, Reason: "absence: " + ev.Type + " came" + forKey(w) + ": event " + ev.ID}
			if unsure != nil {
				e.Reason += ", of which the condition could not be evaluated"
			}
			out = append(out, e)
			break
		}
	}
	return out, errors.Join(errs...)
}

func forKey(w event.Window) string {
	if w.Label == "" {
		return ""
	}
	return " for " + w.Label
}
