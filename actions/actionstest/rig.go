// Package actionstest has the contract tests that every action passes, and
// helpers to run an action from a rules file.
package actionstest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
)

// moment is the time at which a Rig handles its events.
func moment() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// Rig is the first action of the first rule of a rules file.
type Rig struct {
	t    testing.TB
	set  *rules.Set
	rule *rules.Rule
}

// Load loads a rules file, which must have no errors.
func Load(t testing.TB, kinds params.Kinds, source string, env map[string]string) *Rig {
	t.Helper()
	set, findings := load(kinds, source, env)
	if set == nil {
		t.Fatalf("load rules: %v\n%s", findings.Error(), source)
	}
	return &Rig{t: t, set: set, rule: set.Rules[0]}
}

// Findings loads a rules file, which must have errors, and returns them as one
// text.
func Findings(t testing.TB, kinds params.Kinds, source string, env map[string]string) string {
	t.Helper()
	set, findings := load(kinds, source, env)
	if set != nil {
		t.Fatalf("the rules load, but must not:\n%s", source)
	}
	var b strings.Builder
	findings.Text(&b)
	return b.String()
}

func load(kinds params.Kinds, source string, env map[string]string) (*rules.Set, text.Findings) {
	return rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(source)}}, rules.Options{Kinds: kinds, Env: env})
}

// Event returns a sample of a booked meeting. Edits are pairs of a path, as in
// meeting.meetingInfo.primaryInviteeName, and a value.
func Event(t testing.TB, edits ...string) *event.Event {
	t.Helper()
	body, err := sample.Body(event.TypeScheduled, "evt-1", moment())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(edits); i += 2 {
		if body, err = sample.Set(body, edits[i], edits[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// Prepare prepares the action for a sample event with edits.
func (r *Rig) Prepare(edits ...string) (params.Effect, error) {
	r.t.Helper()
	ev := Event(r.t, edits...)
	scope := r.set.Scope(r.rule, ev, language.ScopeOptions{Now: moment()})
	return r.rule.Actions[0].Action.Prepare(scope)
}

// Effect is Prepare that must succeed.
func (r *Rig) Effect(edits ...string) params.Effect {
	r.t.Helper()
	effect, err := r.Prepare(edits...)
	if err != nil {
		r.t.Fatalf("prepare: %v", err)
	}
	return effect
}

// Preview is the JSON of the effect.
func (r *Rig) Preview(edits ...string) string {
	r.t.Helper()
	raw, err := json.Marshal(r.Effect(edits...))
	if err != nil {
		r.t.Fatalf("preview: %v", err)
	}
	return string(raw)
}

// Do prepares the action for a sample event and sends it.
func (r *Rig) Do(ctx context.Context, edits ...string) (any, error) {
	r.t.Helper()
	return r.Effect(edits...).Do(ctx, Delivery())
}

// Delivery returns the delivery that all tests use.
func Delivery() params.Delivery {
	return params.Delivery{
		RunID: "0190-run", EventID: "evt-1", Rule: "try", ActionID: "first", Key: "0190-run-first", Try: 1,
	}
}

// Failure returns the *event.Failure in err; any other error fails the test.
func Failure(t testing.TB, err error) *event.Failure {
	t.Helper()
	var f *event.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error is %v (%T), want an *event.Failure", err, err)
	}
	return f
}
