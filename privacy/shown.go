package privacy

import (
	"context"
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/event/search"
)

// Ledger is read access to the store for what people see.
type Ledger interface {
	Event(ctx context.Context, ref string) (*event.Record, error)
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Meeting(ctx context.Context, ref string) (*event.MeetingState, error)
	Run(ctx context.Context, id string) (*event.Run, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	RuleRuns(ctx context.Context, f event.RulesFilter) ([]event.RuleRuns, error)
	Issues(ctx context.Context, f event.IssueFilter) ([]*event.Issue, error)
	IssueRuns(ctx context.Context, f event.IssueRuns) ([]*event.Run, error)
	FailedRuns(ctx context.Context, f event.FailedRuns) ([]event.FailedRun, error)
	WaitingRules(ctx context.Context, limit int) ([]string, error)
	Counts(ctx context.Context) (event.Counts, error)
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
	Hourly(ctx context.Context, since time.Time) ([]event.Tally, error)
	Daily(ctx context.Context, since time.Time) ([]event.Tally, error)
	Refusals(ctx context.Context) ([]event.Refusal, error)
	Search(ctx context.Context, what search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error)
}

// Shown is a Ledger as people may see it: with masked results instead of those
// that later actions use, without the private fields of events, and without
// their values in requests and replies of runs. Every method masks what it
// returns, except where its comment says otherwise.
type Shown struct {
	stored Ledger
	fields Fields
}

// Show returns stored as people may see it.
func Show(stored Ledger, private Fields) *Shown { return &Shown{stored, private} }

// Record returns an event, stored or archived, as people may see it.
func (s *Shown) Record(r *event.Record) (*event.Record, error) {
	if len(s.fields) == 0 {
		return r, nil
	}
	shown := *r
	if r.Damage != "" {
		// The private parts of a damaged event are not known.
		ev := r.Event
		shown.Event = &event.Event{
			Envelope: ev.Envelope, Meeting: &event.Meeting{ID: ev.Meeting.ID}, Change: &event.Change{}, Test: &event.Test{}, Own: own.None(),
			Received: ev.Received, Body: []byte(`"` + Redacted + `"`),
		}
		return &shown, nil
	}
	var err error
	if shown.Event, err = s.fields.Event(r.Event); err != nil {
		return nil, err
	}
	return &shown, nil
}

// RunsOf returns runs of an event, stored or archived, as people may see them.
func (s *Shown) RunsOf(r *event.Record, runs []*event.Run) []*event.Run {
	gate := s.gateOf(r)
	out := make([]*event.Run, len(runs))
	for i, run := range runs {
		out[i] = shownRun(run, gate)
	}
	return out
}

// Event implements Ledger.
func (s *Shown) Event(ctx context.Context, id string) (*event.Record, error) {
	r, err := s.stored.Event(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.Record(r)
}

// Events implements Ledger.
func (s *Shown) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	if len(s.fields) > 0 {
		f.Raw = false
	}
	list, err := s.stored.Events(ctx, f)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = s.Record(list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Meeting implements Ledger.
func (s *Shown) Meeting(ctx context.Context, meetingID string) (*event.MeetingState, error) {
	m, err := s.stored.Meeting(ctx, meetingID)
	if err != nil {
		return nil, err
	}
	shown := *m
	shown.Newest, err = s.Record(m.Newest)
	return &shown, err
}

// gate returns the gate for runs of an event.
func (s *Shown) gate(ctx context.Context, eventID string) (*Gate, error) {
	if len(s.fields) == 0 {
		return nil, nil
	}
	r, err := s.stored.Event(ctx, eventID)
	if errors.Is(err, event.ErrNotFound) {
		return nil, nil // removed with old data
	}
	if err != nil {
		return nil, err
	}
	return s.gateOf(r), nil
}

func (s *Shown) gateOf(r *event.Record) *Gate {
	switch {
	case len(s.fields) == 0:
		return nil
	case r.Damage != "":
		return HideAll() // its private parts are not known
	}
	return GateForEvent(s.fields, r.Event)
}

// Runs implements Ledger.
func (s *Shown) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	list, err := s.stored.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.runs(ctx, list)
}

// RuleRuns implements Ledger; it returns ids, numbers and times.
func (s *Shown) RuleRuns(ctx context.Context, f event.RulesFilter) ([]event.RuleRuns, error) {
	return s.stored.RuleRuns(ctx, f)
}

// FailedRuns implements Ledger. There is nothing to mask.
func (s *Shown) FailedRuns(ctx context.Context, f event.FailedRuns) ([]event.FailedRun, error) {
	return s.stored.FailedRuns(ctx, f)
}

// IssueRuns implements Ledger.
func (s *Shown) IssueRuns(ctx context.Context, f event.IssueRuns) ([]*event.Run, error) {
	list, err := s.stored.IssueRuns(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.runs(ctx, list)
}

// Issues implements Ledger.
func (s *Shown) Issues(ctx context.Context, f event.IssueFilter) ([]*event.Issue, error) {
	list, err := s.stored.Issues(ctx, f)
	if err != nil {
		return nil, err
	}
	var examples []*event.Run
	for _, i := range list {
		if i.Example != nil {
			examples = append(examples, i.Example)
		}
	}
	if examples, err = s.runs(ctx, examples); err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.Example != nil {
			i.Example, examples = examples[0], examples[1:]
		}
	}
	return list, nil
}

// runs hides in runs what belongs to the private fields of their events.
func (s *Shown) runs(ctx context.Context, list []*event.Run) (_ []*event.Run, err error) {
	known := map[string]*Gate{}
	for i, run := range list {
		gate, ok := known[run.EventKey()]
		if !ok {
			if gate, err = s.gate(ctx, run.EventRef()); err != nil {
				return nil, err
			}
			known[run.EventKey()] = gate
		}
		list[i] = shownRun(run, gate)
	}
	return list, nil
}

// Run implements Ledger.
func (s *Shown) Run(ctx context.Context, id string) (*event.Run, error) {
	run, err := s.stored.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	gate, err := s.gate(ctx, run.EventRef())
	if err != nil {
		return nil, err
	}
	return shownRun(run, gate), nil
}

func shownRun(run *event.Run, gate *Gate) *event.Run {
	shown := run.WithShownResults()
	if gate == nil {
		return shown
	}
	shown.Reason = gate.Text(run.Reason)
	for action, raw := range shown.Results {
		shown.Results[action] = gate.JSON(raw)
	}
	return shown
}

// Attempts implements Ledger.
func (s *Shown) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	list, err := s.stored.Attempts(ctx, runID)
	if err != nil || len(list) == 0 || len(s.fields) == 0 {
		return list, err
	}
	run, err := s.stored.Run(ctx, runID)
	if err != nil {
		return nil, err
	}
	gate, err := s.gate(ctx, run.EventRef())
	if err != nil {
		return nil, err
	}
	for i := range list {
		a := &list[i]
		a.Reason, a.Request, a.Response = gate.Text(a.Reason), gate.JSON(a.Request), gate.JSON(a.Response)
	}
	return list, nil
}

// Counts implements Ledger. Numbers are not masked.
func (s *Shown) Counts(ctx context.Context) (event.Counts, error) { return s.stored.Counts(ctx) }

// Tallies implements Ledger. Numbers are not masked.
func (s *Shown) Tallies(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return s.stored.Tallies(ctx, since)
}

// Hourly implements Ledger. Numbers are not masked.
func (s *Shown) Hourly(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return s.stored.Hourly(ctx, since)
}

// Daily implements Ledger. Numbers are not masked.
func (s *Shown) Daily(ctx context.Context, since time.Time) ([]event.Tally, error) {
	return s.stored.Daily(ctx, since)
}

// WaitingRules implements Ledger.
func (s *Shown) WaitingRules(ctx context.Context, limit int) ([]string, error) {
	return s.stored.WaitingRules(ctx, limit)
}

// Refusals implements Ledger. Nothing of a refused request is stored but where
// it came from.
func (s *Shown) Refusals(ctx context.Context) ([]event.Refusal, error) { return s.stored.Refusals(ctx) }

// Search implements Ledger. It may find an event by a hidden word: callers must
// check what Events returns for it.
func (s *Shown) Search(ctx context.Context, what search.Query, after, before int64, limit int) ([]int64, int64, error) {
	return s.stored.Search(ctx, what, after, before, limit)
}
