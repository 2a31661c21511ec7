package rehearse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Source is where stored events, and what they really started, come from.
type Source interface {
	// Each calls do for the events received in a time, oldest first. Zero times
	// mean no limit.
	Each(ctx context.Context, since, until time.Time, do func(*event.Record) error) error
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	// Attempts returns the history of a run; none if it is no longer kept.
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
}

// BacktestOptions say what is played. Set and Source are required.
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
	// Progress is called now and then; may be nil.
	Progress func(events int, at time.Time)
}

// Backtest is what rules would have made of stored events.
type Backtest struct {
	Events   int       `json:"events"`
	From     time.Time `json:"from,omitzero"` // received, the first event
	To       time.Time `json:"to,omitzero"`
	Revision string    `json:"revision"`
	// Against is the revision compared with, or "what really ran".
	Against string       `json:"against"`
	Rules   []*RuleTally `json:"rules"`
}

// ReallyRan stands in Backtest.Against when there is no other rule set.
const ReallyRan = "what really ran"

// page is how many runs are read at a time, and how many events lie between
// two calls of Progress.
const page = 500

// RunBacktest plays stored events, oldest first, with the clock of those days.
// Nothing is sent. It needs the same memory for any number of events.
func RunBacktest(ctx context.Context, o BacktestOptions) (*Backtest, error) {
	b := newBacktest(o)
	err := o.Source.Each(ctx, o.Since, o.Until, func(r *event.Record) error {
		if err := b.take(ctx, r); err != nil {
			return err
		}
		if o.Progress != nil && b.out.Events%page == 0 {
			o.Progress(b.out.Events, b.out.To)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b.finish(), nil
}

// backtest is one back-test under way.
type backtest struct {
	opts BacktestOptions
	out  *Backtest
	now  *troupe
	then *troupe // nil when compared with what really ran
	// pairs holds what both sides send, until it can be compared.
	pairs *pairs
}

// troupe is a rule set on its stage, and the counts of its rules.
type troupe struct {
	set   *rules.Set
	stage *Stage
	tally *tallies
	// verdicts are those of the event that is played: it is matched once.
	verdicts []rules.Verdict
}

func newTroupe(set *rules.Set, samples int) *troupe {
	t := &troupe{set: set, tally: newTallies(samples)}
	t.stage = NewStage(StageOptions{
		Set: set, Observer: t.tally, Changed: t.tally.changed, Forget: true,
		Rehearsal: engine.Rehearsal{Shadow: true, Verdicts: func(*event.Event) []rules.Verdict { return t.verdicts }},
	})
	return t
}

func newBacktest(o BacktestOptions) *backtest {
	b := &backtest{opts: o, now: newTroupe(o.Set, o.Samples), out: &Backtest{Revision: o.Set.Revision, Against: ReallyRan}}
	for _, r := range o.Set.Rules {
		b.now.tally.of(r.Name)
	}
	b.pairs = newPairs(b.differ)
	b.now.tally.sends = &sends{b.pairs, nowSide}
	if o.Against != nil {
		b.then, b.out.Against = newTroupe(o.Against, 0), o.Against.Revision
		b.then.tally.sends = &sends{b.pairs, thenSide}
	}
	return b
}

// take plays one event on every stage.
func (b *backtest) take(ctx context.Context, r *event.Record) error {
	ev := r.Event
	if b.out.Events == 0 {
		b.out.From = ev.Received
	}
	b.out.Events++
	b.out.To = ev.Received
	now, err := b.now.take(ctx, ev)
	if err != nil {
		return err
	}
	var then map[string]bool
	if b.then != nil {
		then, err = b.then.take(ctx, ev)
	} else {
		then, err = b.really(ctx, r)
	}
	if err != nil {
		return err
	}
	b.compare(ev, now, then)
	return nil
}

// take returns the rules that the event matches.
func (t *troupe) take(ctx context.Context, ev *event.Event) (map[string]bool, error) {
	var matched map[string]bool
	t.verdicts = t.set.Match(ev)
	for _, v := range t.verdicts {
		tally := t.tally.of(v.Rule.Name)
		if v.Err != nil {
			tally.Errors++
			tally.firstError(t.set.Redact(v.Err.Error()))
			continue
		}
		tally.Matched++
		if matched == nil {
			matched = map[string]bool{}
		}
		matched[v.Rule.Name] = true
	}
	if _, err := t.stage.Take(ctx, ev); err != nil {
		return nil, err
	}
	return matched, nil
}

// really returns the rules that really started a run for the event.
func (b *backtest) really(ctx context.Context, r *event.Record) (map[string]bool, error) {
	if r.Runs == 0 {
		return nil, nil
	}
	runs, err := b.opts.Source.Runs(ctx, event.RunFilter{EventID: r.Event.Ref(), Limit: page})
	if err != nil {
		return nil, fmt.Errorf("read the runs of event %q: %w", r.Event.ID, err)
	}
	out := map[string]bool{}
	for _, run := range runs {
		// A condition that could not be evaluated is no match.
		if run.Status != event.StatusFailed || run.Next > 0 || run.Tries > 0 {
			out[run.Rule] = true
			if err := b.reallySent(ctx, r.Event.ID, run); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// reallySent notes what a run has sent. One that has not come to its end, or
// whose history is gone, is not compared.
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
			then.add(a)
		}
	}
	then.ended = true
	b.pairs.look(k)
	return nil
}

// differ counts an event for which both sides send something else.
func (b *backtest) differ(k pairKey, p *pair) {
	t := b.now.tally.of(k.rule)
	t.Changed++
	if len(t.Changes) < b.opts.Samples {
		t.Changes = append(t.Changes, Difference{EventID: k.event, What: "sends something else", Diff: p.changes()})
	}
}

func (b *backtest) compare(ev *event.Event, now, then map[string]bool) {
	for _, rule := range slices.Sorted(maps.Keys(then)) {
		t := b.now.tally.of(rule)
		t.Then++
		if !now[rule] {
			b.pairs.ignore(pairKey{ev.ID, rule}, nowSide)
			t.Gone++
			t.GoneEvents = b.sample(t.GoneEvents, ev.ID)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(now)) {
		if !then[rule] {
			t := b.now.tally.of(rule)
			b.pairs.ignore(pairKey{ev.ID, rule}, thenSide)
			t.New++
			t.NewEvents = b.sample(t.NewEvents, ev.ID)
		}
	}
}

func (b *backtest) sample(list []string, id string) []string {
	if len(list) < b.opts.Samples {
		return append(list, id)
	}
	return list
}

// finish puts the report together.
func (b *backtest) finish() *Backtest {
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
