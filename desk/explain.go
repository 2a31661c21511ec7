package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// Explain shows what rules do with a stored event and what happened to it. A
// nil set means the rules that were in force when the event was received.
func (d *Desk) Explain(ctx context.Context, id string, set *rules.Set, q api.ExplainQuery) (*api.Explanation, error) {
	h, err := HistoryOf(ctx, d.Store, id)
	if err != nil {
		return nil, err
	}
	if set == nil {
		if set, err = d.revision(ctx, h.Record.Revision); err != nil {
			return nil, err
		}
	}
	ask := Question{Event: h.Record.Event, History: h, Now: q.At, Rule: q.Rule}
	if q.At.IsZero() {
		ask.Now = time.Now()
	} else {
		ask.Event.Received = q.At
	}
	return d.explain(ctx, d.ready(set), ask)
}

// ExplainBeside shows what rules would do with an event received now, given
// what is stored.
func (d *Desk) ExplainBeside(ctx context.Context, ev *event.Event, set *rules.Set, rule string) (*api.Explanation, error) {
	h, err := HistoryOf(ctx, d.Store, ev.ID)
	if err != nil && !errors.Is(err, event.ErrNotFound) {
		return nil, err
	}
	x, err := d.explain(ctx, d.ready(set), Question{Event: ev, History: h, Rule: rule})
	if err != nil || h == nil {
		return x, err
	}
	const note = "an event with this id is already stored: received now, it would be a duplicate and start nothing"
	x.History.Notes = append([]string{note}, x.History.Notes...)
	return x, nil
}

// ExplainAlone shows what rules would do with an event, without any stored
// events.
func ExplainAlone(ev *event.Event, set *rules.Set, rule string) (*api.Explanation, error) {
	o := explain.ExplainOptions{Rule: rule}
	if ev.Type == event.TypeRescheduled {
		o.Reschedules = 1
	}
	if err := known(set, rule); err != nil {
		return nil, err
	}
	return &api.Explanation{Explanation: explain.New(set).Explain(ev, o)}, nil
}

func (d *Desk) explain(ctx context.Context, by *compiled, q Question) (*api.Explanation, error) {
	if err := known(by.set, q.Rule); err != nil {
		return nil, err
	}
	q.Private = d.Private
	x, err := Explain(ctx, d.Store, by.with, q)
	if err != nil {
		return nil, err
	}
	out := &api.Explanation{Explanation: x}
	h := q.History
	if h == nil {
		return out, nil
	}
	if h, err = HistoryOf(ctx, d.shown(), h.Record.Event.ID); err != nil {
		return nil, err
	}
	out.History = api.HistoryOf(h.Record, h.Runs)
	return out, nil
}

// known returns an error if the set has no such rule.
func known(set *rules.Set, rule string) error {
	if rule == "" || set.Rule(rule) != nil {
		return nil
	}
	var names []string
	for _, r := range set.Rules {
		names = append(names, r.Name)
	}
	if hint := text.Suggest(rule, names); hint != "" {
		return fmt.Errorf("%w rule %q: no such rule in revision %s; %s", event.ErrInvalid, rule, set.Revision, hint)
	}
	return fmt.Errorf("%w rule %q: no such rule in revision %s", event.ErrInvalid, rule, set.Revision)
}

// revision returns the rules of a revision.
func (d *Desk) revision(ctx context.Context, revision string) (*rules.Set, error) {
	return d.revisions().Set(ctx, revision)
}

func (d *Desk) revisions() *revisions.Cache {
	if d.Revisions != nil {
		return d.Revisions
	}
	current := d.Current
	if current == nil {
		current = func() *rules.Set { return nil }
	}
	return revisions.New(d.Store, current, d.Rules.Compile)
}

// compiled are rules that are ready to explain events.
type compiled struct {
	set  *rules.Set
	with *explain.Explainer
}

// ready prepares rules to explain events; the last ones are cached, because
// questions repeat.
func (d *Desk) ready(set *rules.Set) *compiled {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil || d.last.set != set {
		d.last = &compiled{set, explain.New(set)}
	}
	return d.last
}

// RecordTest makes a test of a stored event, without personal data. A nil set
// means the rules that were in force when the event was received.
func (d *Desk) RecordTest(ctx context.Context, id string, set *rules.Set) ([]byte, error) {
	h, err := HistoryOf(ctx, d.Store, id)
	if err != nil {
		return nil, err
	}
	if set == nil {
		if set, err = d.revision(ctx, h.Record.Revision); err != nil {
			return nil, err
		}
	}
	ev := h.Record.Event
	var o explain.ExplainOptions
	if err := remembered(ctx, d.Store, d.ready(set).with, ev, &o); err != nil {
		return nil, err
	}
	draft, err := rehearse.Record(ctx, rehearse.Recording{
		Event: ev, Set: set, Replies: h.replies(), Memory: rehearse.MemoryAsGiven(set, ev, o.Remembered, ev.Received),
	})
	if err != nil {
		return nil, err
	}
	text, err := draft.YAML()
	if err != nil {
		return nil, err
	}
	const note = "# Recorded from a stored event; personal data is replaced. Review it before you keep it,\n" +
		"# and fill in made-up values that your rules check.\n"
	return slices.Concat([]byte(note), differs(draft.Differs), text), nil
}

// differs is a comment that names the rules for which the test fails as it is.
func differs(rules []string) []byte {
	if len(rules) == 0 {
		return nil
	}
	return []byte("# As it is, this test FAILS for " + strings.Join(rules, ", ") + ": the condition checks a value that was replaced.\n" +
		"# The test expects what the real event did.\n")
}

// replies returns the last successful replies of an event's actions, by
// rule/id.
func (h *History) replies() map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for _, run := range h.Runs {
		for _, a := range run.Attempts {
			reply, _ := event.SplitExchange(a.Response)
			if a.Outcome == event.OutcomeSucceeded && len(reply) > 0 && !event.Clipped(reply) {
				out[run.Rule+"/"+a.ActionID] = reply
			}
		}
	}
	return out
}

// wholeFile makes a file of one rule, with or without the dash of a list, and
// returns by how many lines and columns it moved what was typed.
func wholeFile(typed string) (file string, lines, columns int) {
	named := false
	for line := range strings.Lines(typed) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "- "):
			return "rules:\n" + typed, 1, 0
		case strings.HasPrefix(line, "rules:"):
			return typed, 0, 0
		case strings.HasPrefix(line, "name:"):
			named = true
		}
	}
	if !named {
		return typed, 0, 0
	}
	return "rules:\n-\n  " + strings.ReplaceAll(typed, "\n", "\n  "), 2, 2
}

// typedOptions are those of rules that somebody tries, which may use the tables
// of the rules in force.
func (d *Desk) typedOptions() ruleset.Options {
	o := d.Rules
	if d.Current != nil {
		if set := d.Current(); set != nil {
			o.Tables = set.Sources
		}
	}
	return o
}

// Try asks typed rules about an event that need not be stored. There is no
// explanation when a finding is an error.
func (d *Desk) Try(_ context.Context, r api.TryRequest) (*api.Trial, error) {
	file, lines, columns := wholeFile(r.Rules)
	set, findings, err := ruleset.Typed(file, d.typedOptions())
	if err != nil {
		return nil, err
	}
	for i := range findings {
		f := &findings[i]
		f.Pos.Line, f.Pos.Column = max(1, f.Pos.Line-lines), max(1, f.Pos.Column-columns)
		f.EndColumn = max(0, f.EndColumn-columns)
		f.Source = f.Source[min(columns, indent(f.Source)):]
	}
	trial := &api.Trial{Findings: findingsOf(findings, func(s string) string { return s })}
	if trial.Findings == nil {
		trial.Findings = []api.Finding{}
	}
	ev, err := decode.Event(bytes.TrimSpace(r.Event))
	if err != nil || findings.HasErrors() {
		return trial, err
	}
	ev.Arrive(time.Now())
	trial.Explanation = explain.New(set).Explain(ev, explain.ExplainOptions{})
	return trial, nil
}
