package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
)

// Source provides stored events and the runs they started.
type Source interface {
	// Each calls do for the events received from since until before until,
	// oldest first. A zero time means no limit.
	Each(ctx context.Context, since, until time.Time, do func(*event.Record) error) error
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	// Attempts returns the history of a run; none if it is no longer kept.
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
}

// BacktestOptions configure a back-test. Set and Source are required.
type BacktestOptions struct {
	Set    *rules.Set
	Source Source
	// Against is the rule set to compare with; nil means what really ran.
	Against *rules.Set
	// Since and Until limit the events by when they were received; zero means
	// no limit.
	Since, Until time.Time
	// Samples is how many examples are kept of each kind; 0 means none.
	Samples int
	// Progress is called every 500 events; may be nil.
	Progress func(events int, at time.Time)
	// Bounds end it early; zero means no bound.
	Bounds Bounds
	// Disguise rewrites what was really sent before it is compared; may be nil.
	Disguise func(request json.RawMessage) json.RawMessage
}

// Backtest is what rules would have done with stored events.
type Backtest struct {
	Events   int       `json:"events"`
	From     time.Time `json:"from,omitzero"` // when the first event was received
	To       time.Time `json:"to,omitzero"`
	Revision string    `json:"revision"`
	// Against is the revision compared with, or "what really ran".
	Against string       `json:"against"`
	Rules   []*RuleTally `json:"rules"`
	// Cut says why it ended before the last event; empty when it did not.
	Cut string `json:"cut,omitempty"`
}

// Foresee adds what applying rules now would add, by rule.
func (b *Backtest) Foresee(reach map[string]*Reach) {
	for _, t := range b.Rules {
		t.Upcoming = reach[t.Rule]
	}
}

// ReallyRan is Backtest.Against when there is no other rule set.
const ReallyRan = "what really ran"

// page is how many runs are read at a time, and after how many events Progress
// is called.
const page = 500

// RunBacktest replays stored events, oldest first, with the clock set to when
// they were received. Nothing is sent. Memory use does not depend on the number
// of events.
func RunBacktest(ctx context.Context, o BacktestOptions) (*Backtest, error) {
	b := newBacktest(o)
	err := o.Source.Each(ctx, o.Since, o.Until, func(r *event.Record) error {
		if err := ctx.Err(); err != nil {
			return err // the rehearsal itself does not look
		}
		if b.out.Cut = o.Bounds.passed(b); b.out.Cut != "" {
			return errCut
		}
		if err := b.take(ctx, r); err != nil {
			return err
		}
		if o.Progress != nil && b.out.Events%page == 0 {
			o.Progress(b.out.Events, b.out.To)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errCut) {
		return nil, err
	}
	return b.finish(), nil
}

// backtest is a running back-test.
type backtest struct {
	opts  BacktestOptions
	begun time.Time
	out   *Backtest
	now   *troupe
	then  *troupe // nil when compared with what really ran
	// pairs are the messages of both sides that are not compared yet.
	pairs *pairs
}

// troupe is a rule set with its stage and counts.
type troupe struct {
	set   *rules.Set
	stage *Stage
	tally *tallies
	// verdicts are those of the current event, so that it is matched only once.
	verdicts []rules.Verdict
	matched  []string // the rules that the current event matches, sorted
	// dues are the rules that schedules have started, by the ids of their events,
	// which are not compared yet.
	dues map[string]string
}

func newTroupe(set *rules.Set, samples int, o BacktestOptions) *troupe {
	t := &troupe{set: set, tally: newTallies(samples), dues: map[string]string{}}
	t.stage = NewStage(StageOptions{
		Past: o.Source, Set: set, Observer: t.tally, Changed: t.tally.changed, Forget: true,
		Rehearsal: engine.Rehearsal{Shadow: true, Verdicts: func(ev *event.Event) []rules.Verdict {
			if own.Is(ev.Type) {
				return t.own(ev) // the stage may have made it
			}
			return t.verdicts
		}},
	})
	return t
}

func newBacktest(o BacktestOptions) *backtest {
	b := &backtest{opts: o, begun: time.Now(), now: newTroupe(o.Set, o.Samples, o), out: &Backtest{Revision: o.Set.Revision, Against: ReallyRan}}
	for _, r := range o.Set.Rules {
		b.now.tally.of(r.Name)
	}
	b.pairs = newPairs(b.differ)
	b.now.tally.sends = &sends{b.pairs, nowSide}
	b.now.tally.room = &room{limit: o.Bounds.ExampleBytes}
	if o.Against != nil {
		b.then, b.out.Against = newTroupe(o.Against, 0, o), o.Against.Revision
		b.then.tally.sends = &sends{b.pairs, thenSide}
	}
	return b
}

// take replays one event on both stages.
func (b *backtest) take(ctx context.Context, r *event.Record) error {
	ev := r.Event
	if b.out.Events == 0 {
		b.out.From = ev.Received
	}
	b.out.Events++
	b.out.To = ev.Received
	if isDue(ev) {
		return b.takeDue(ctx, r)
	}
	now, err := b.now.take(ctx, ev)
	if err != nil {
		return err
	}
	var then []string
	if b.then != nil {
		then, err = b.then.take(ctx, ev)
	} else {
		then, err = b.really(ctx, r)
	}
	if err != nil {
		return err
	}
	b.compare(ev.ID, now, then)
	return nil
}

// take returns the rules that the event matches, sorted. The list is valid until
// the next event.
func (t *troupe) take(ctx context.Context, ev *event.Event) ([]string, error) {
	t.matched = t.matched[:0]
	verdicts, err := t.stage.match(ctx, ev)
	if err != nil {
		return nil, err
	}
	t.verdicts = verdicts
	for _, v := range t.verdicts {
		if t.count(v) {
			t.matched = append(t.matched, v.Rule.Name)
		}
	}
	slices.Sort(t.matched)
	if _, err := t.stage.Take(ctx, ev); err != nil {
		return nil, err
	}
	return t.matched, nil
}

// count counts a verdict, and reports whether the rule matches.
func (t *troupe) count(v rules.Verdict) bool {
	tally := t.tally.of(v.Rule.Name)
	if v.Err != nil {
		tally.Errors++
		if tally.Error == "" {
			tally.firstError(t.set.Redact(v.Err.Error()))
		}
		return false
	}
	tally.Matched++
	return true
}

// really returns the rules that really started a run for the event, sorted.
func (b *backtest) really(ctx context.Context, r *event.Record) ([]string, error) {
	if r.Runs == 0 {
		return nil, nil
	}
	runs, err := b.opts.Source.Runs(ctx, event.RunFilter{EventID: r.Event.Ref(), Limit: page})
	if err != nil {
		return nil, fmt.Errorf("read the runs of event %q: %w", r.Event.ID, err)
	}
	var out []string
	for _, run := range runs {
		// A condition that could not be evaluated is no match.
		if run.Status != event.StatusFailed || run.Next > 0 || run.Tries > 0 {
			out = append(out, run.Rule)
			if err := b.reallySent(ctx, r.Event.ID, run); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// reallySent records what a run sent. A run that did not succeed, or whose
// history is gone, is not compared.
func (b *backtest) reallySent(ctx context.Context, eventID string, run *event.Run) error {
	k := pairKey{eventID, run.Rule}
	if run.Status != event.StatusSucceeded {
		b.pairs.ignore(k, thenSide)
		return nil
	}
	history, err := b.opts.Source.Attempts(ctx, run.ID)
	if err != nil {
		return fmt.Errorf("history of run %q: %w", run.ID, err)
	}
	if len(history) == 0 {
		b.pairs.ignore(k, thenSide)
		return nil
	}
	then := &b.pairs.of(k).then
	for i := range history {
		if a := &history[i]; a.Action >= 0 && a.Request != nil && (a.Outcome == event.OutcomeSucceeded || run.Shadow) {
			then.add(a.ActionID, b.disguised(a.Request))
		}
	}
	then.ended = true
	b.pairs.look(k)
	return nil
}

// differ counts an event for which the sides send different messages.
func (b *backtest) differ(k pairKey, p *pair) {
	t := b.now.tally.of(k.rule)
	t.Changed++
	if len(t.Changes) < b.opts.Samples {
		if diff := p.changes(); b.now.tally.room.take(len(diff)) {
			t.Changes = append(t.Changes, Difference{EventID: k.event, What: "messages differ", Diff: diff})
		}
	}
}

// compare counts the rules of both sides, which are sorted.
func (b *backtest) compare(id string, now, then []string) {
	for _, rule := range then {
		t := b.now.tally.of(rule)
		t.Then++
		if _, too := slices.BinarySearch(now, rule); !too {
			b.pairs.ignore(pairKey{id, rule}, nowSide)
			t.Gone++
			t.GoneEvents = b.sample(t.GoneEvents, id)
		}
	}
	for _, rule := range now {
		if _, too := slices.BinarySearch(then, rule); !too {
			t := b.now.tally.of(rule)
			b.pairs.ignore(pairKey{id, rule}, thenSide)
			t.New++
			t.NewEvents = b.sample(t.NewEvents, id)
		}
	}
}

func (b *backtest) sample(list []string, id string) []string {
	if len(list) < b.opts.Samples {
		return append(list, id)
	}
	return list
}

// finish completes the report.
func (b *backtest) finish() *Backtest {
	b.compareDues()
	for _, run := range b.now.stage.Runs() {
		if run.Status == event.StatusWaiting {
			b.now.tally.of(run.Rule).Asleep++
		}
	}
	b.out.Rules = b.now.tally.list
	for _, t := range b.out.Rules {
		t.Known = b.opts.Set.Rule(t.Rule) != nil
	}
	return b.out
}
