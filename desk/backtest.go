package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/desk/apply"
	"github.com/gavel-rules/gavel/desk/past"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
)

const (
	// backtestOpen is how many runs of a back-test may wait at a time.
	backtestOpen = 200_000
	// backtestExamples bounds the examples of one answer, in bytes.
	backtestExamples = 8 << 20
)

// Backtest runs typed rules over the stored events. They see no secret of the
// environment and no private field of an event, and nothing is sent or stored. The
// error is an event.ErrConflict while another one runs.
func (d *Desk) Backtest(ctx context.Context, r api.BacktestRequest) (*api.BacktestAnswer, error) {
	switch {
	case len(r.Rules) == 0:
		return nil, fmt.Errorf("%w rules: give at least one rules file", event.ErrInvalid)
	case r.Samples < 0 || r.Samples > api.BacktestSamples:
		return nil, fmt.Errorf("%w samples: must be between 0 and %d", event.ErrInvalid, api.BacktestSamples)
	case !r.Until.IsZero() && !r.Since.Before(r.Until):
		return nil, fmt.Errorf("%w until: it must be later than since", event.ErrInvalid)
	}
	if !d.backtesting.TryLock() {
		return nil, fmt.Errorf("%w: another back-test is running here; try again in a minute", event.ErrConflict)
	}
	defer d.backtesting.Unlock()
	o := rehearse.BacktestOptions{Since: r.Since, Until: r.Until, Samples: r.Samples}
	out := &api.BacktestAnswer{Findings: []api.Finding{}}
	var err error
	if o.Set, err = d.typed(r.Rules, out); err != nil {
		return nil, err
	}
	if len(r.Against) > 0 {
		if o.Against, err = d.typed(r.Against, out); err != nil {
			return nil, err
		}
	}
	if o.Set == nil || len(r.Against) > 0 && o.Against == nil {
		return out, nil
	}
	if o.Source, err = past.Open(d.Store, d.Archive, d.Private); err != nil {
		return nil, err
	}
	if d.Current != nil {
		if o.Disguise, err = ruleset.Disguise(o.Set, d.Current(), d.Rules); err != nil {
			return nil, err
		}
	}
	o.Bounds = rehearse.Bounds{
		Events: min(api.BacktestEvents, api.BacktestMatches/max(1, len(o.Set.Rules))),
		Open:   backtestOpen, Time: api.BacktestTime, ExampleBytes: backtestExamples,
	}
	if out.Report, err = rehearse.RunBacktest(ctx, o); err != nil {
		return nil, err
	}
	reach, err := Foresee(ctx, d.Store, d.Private, apply.Forecast{Set: o.Set, Rules: apply.Fit(o.Set), Now: d.now(), Events: api.BacktestEvents, Time: foreseen})
	out.Report.Foresee(reach)
	return out, err
}

// foreseen is how long it may take to look at the meetings still to come.
const foreseen = 5 * time.Second

// Foresee returns what applying rules to the meetings still to come would add, by
// rule. The rules do not see private fields.
func Foresee(ctx context.Context, s store.Store, private privacy.Fields, o apply.Forecast) (map[string]*rehearse.Reach, error) {
	return apply.Foresee(ctx, counted{shownSource{privacy.Show(s, private), s, private}}, o)
}

// counted is a source whose runs are only counted, so that nothing is to be hidden
// in them.
type counted struct{ shownSource }

// Runs implements apply.Reader.
func (c counted) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	return c.store.Runs(ctx, f)
}

// typed loads rules that somebody tries, and adds what is wrong with them to the
// answer. The set is nil if that is an error.
func (d *Desk) typed(files []api.RulesFile, out *api.BacktestAnswer) (*rules.Set, error) {
	var sources []text.Source
	for _, f := range files {
		sources = append(sources, text.Source{Name: f.Name, Content: []byte(f.Content)})
	}
	set, findings, err := ruleset.TypedFiles(sources, d.typedOptions())
	if err != nil {
		return nil, err
	}
	out.Findings = append(out.Findings, findingsOf(findings, func(s string) string { return s })...)
	if findings.HasErrors() {
		return nil, nil
	}
	if len(set.Rules) > api.BacktestRules {
		return nil, fmt.Errorf("%w rules: there are %d, at most %d are tried at once", event.ErrInvalid, len(set.Rules), api.BacktestRules)
	}
	return set, nil
}
