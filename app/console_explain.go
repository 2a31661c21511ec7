package app

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/ruleset"
)

// explainer lets the console ask rules about events.
type explainer struct {
	*App

	mu   sync.Mutex
	last *rules.Explainer // of the revision asked last
	of   string
	then *rules.Set // in force at that time: a reload may bring other secrets
}

// Explain implements backend.Explainer.
func (x *explainer) Explain(ctx context.Context, rec *event.Record) ([]backend.Verdict, error) {
	with, err := x.revision(ctx, rec.Revision)
	if err != nil {
		return nil, err
	}
	h, err := desk.HistoryOf(ctx, x.store, rec.Event.ID)
	if err != nil {
		return nil, err
	}
	explanation, err := desk.Explain(ctx, x.store, with, desk.Question{Event: h.Record.Event, History: h, Private: x.opts.Private})
	if err != nil {
		return nil, err
	}
	return verdictsOf(explanation), nil
}

func (x *explainer) revision(ctx context.Context, revision string) (*rules.Explainer, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	set := x.live.Current()
	if x.of == revision && x.then == set {
		return x.last, nil
	}
	x.then = set
	if set.Revision != revision {
		var err error
		if set, err = ruleset.LoadStored(ctx, x.store, revision, x.opts.Rules); err != nil {
			return nil, err
		}
	}
	x.last, x.of = rules.NewExplainer(set), revision
	return x.last, nil
}

// Try implements backend.Explainer.
func (x *explainer) Try(_ context.Context, text, body string) ([]backend.Verdict, []api.Finding, error) {
	found, e, err := x.try(text, []byte(body))
	if err != nil || e == nil {
		return nil, found, err
	}
	return verdictsOf(e), found, nil
}

// try asks rules typed into the console about an event. There is no
// explanation when a finding is an error.
func (x *explainer) try(text string, body []byte) ([]api.Finding, *rules.Explanation, error) {
	set, findings, err := ruleset.Typed(text, x.opts.Rules)
	if err != nil {
		return nil, nil, err
	}
	found := findingsOf(findings, func(s string) string { return s })
	ev, err := decode.Event(bytes.TrimSpace(body))
	if err != nil || findings.HasErrors() {
		return found, nil, err
	}
	ev.Arrive(time.Now())
	return found, rules.NewExplainer(set).Explain(ev, rules.ExplainOptions{}), nil
}

func verdictsOf(e *rules.Explanation) []backend.Verdict {
	out := make([]backend.Verdict, 0, len(e.Rules))
	for _, r := range e.Rules {
		v := backend.Verdict{Rule: r.Rule, Verdict: string(r.Verdict), Reason: r.Reason, Shadow: r.Shadow, Held: r.Held, Assumed: r.Assumed}
		for _, w := range r.Windows {
			v.Windows = append(v.Windows, string(w.Kind)+": "+w.Reason)
		}
		if r.When != nil {
			part := partOf(r.When)
			v.When = &part
		}
		for _, a := range r.Actions {
			v.Actions = append(v.Actions, backend.Outlook{
				ID: a.ID, Kind: a.Kind, Connection: a.Connection, Outlook: string(a.Outlook), Reason: a.Reason,
				Until: a.Until, Effect: a.Effect,
			})
		}
		out = append(out, v)
	}
	return out
}

func partOf(r *rules.Reading) backend.Part {
	p := backend.Part{Source: r.Source, State: string(r.State), Value: string(r.Value), Error: r.Error, Decided: r.Decided}
	if r.Clipped {
		p.Value += "…"
	}
	for _, part := range r.Parts {
		p.Parts = append(p.Parts, partOf(part))
	}
	return p
}
