package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// RunSource provides runs and their histories.
type RunSource interface {
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
}

// CompareOptions are the rules to compare.
type CompareOptions struct {
	Source RunSource
	// Shadow and Live are names of rules. Only shadow runs of Shadow and other
	// runs of Live are compared.
	Shadow, Live string
	Since        time.Time
	// Samples is how many differences are kept.
	Samples int
}

// Comparison is how a shadow rule differs from the rule it will replace.
type Comparison struct {
	Shadow string `json:"shadow"`
	Live   string `json:"live"`
	// Same counts events for which both send the same, Differ those for which
	// they do not.
	Same   int `json:"same"`
	Differ int `json:"differ"`
	// OnlyShadow and OnlyLive count events that only one of them matched.
	OnlyShadow  int          `json:"only_shadow"`
	OnlyLive    int          `json:"only_live"`
	Differences []Difference `json:"differences,omitempty"`
}

// Difference is one event for which two rules differ.
type Difference struct {
	EventID string `json:"event_id"`
	What    string `json:"what"`           // what differs
	Diff    string `json:"diff,omitempty"` // - is the live rule, + the shadow one
}

// maxCompared limits the runs of one rule that are kept in memory.
const maxCompared = 100_000

// Compare compares what a shadow rule recorded with what a live rule sent for
// the same events. It is an error if a rule has more than 100,000 runs.
func Compare(ctx context.Context, o CompareOptions) (*Comparison, error) {
	yes, no := true, false
	shadow, err := runsByEvent(ctx, o, o.Shadow, &yes)
	if err != nil {
		return nil, err
	}
	live, err := runsByEvent(ctx, o, o.Live, &no)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Shadow: o.Shadow, Live: o.Live}
	for _, id := range shadow.order {
		run := live.byEvent[id]
		if run == "" {
			c.OnlyShadow++
			c.add(o, Difference{EventID: id, What: "only the shadow rule matched"})
			continue
		}
		was, err := requests(ctx, o.Source, run)
		if err != nil {
			return nil, err
		}
		is, err := requests(ctx, o.Source, shadow.byEvent[id])
		if err != nil {
			return nil, err
		}
		if slices.Equal(was, is) {
			c.Same++
			continue
		}
		c.Differ++
		c.add(o, Difference{EventID: id, What: "messages differ", Diff: lineDiff(was, is)})
	}
	for _, id := range live.order {
		if shadow.byEvent[id] == "" {
			c.OnlyLive++
			c.add(o, Difference{EventID: id, What: "only the live rule matched"})
		}
	}
	return c, nil
}

func (c *Comparison) add(o CompareOptions, d Difference) {
	if len(c.Differences) < o.Samples {
		c.Differences = append(c.Differences, d)
	}
}

type eventRuns struct {
	byEvent map[string]string // run ids
	order   []string          // events, newest first
}

func runsByEvent(ctx context.Context, o CompareOptions, rule string, shadow *bool) (*eventRuns, error) {
	out := &eventRuns{byEvent: map[string]string{}}
	f := event.RunFilter{Rule: rule, Shadow: shadow, Since: o.Since, Limit: page}
	for {
		runs, err := o.Source.Runs(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("read the runs of rule %q: %w", rule, err)
		}
		for _, r := range runs {
			if out.byEvent[r.EventID] == "" {
				out.order = append(out.order, r.EventID)
			}
			out.byEvent[r.EventID] = r.ID
			f.Before = r.ID
		}
		if len(runs) < page {
			return out, nil
		}
		if len(out.order) > maxCompared {
			return nil, fmt.Errorf("rule %q has more than %d runs in this time; choose a shorter one", rule, maxCompared)
		}
	}
}

// requests returns what a run sent, or would have sent, as lines of JSON: for
// each action the last try.
func requests(ctx context.Context, s RunSource, run string) ([]string, error) {
	attempts, err := s.Attempts(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("history of run %q: %w", run, err)
	}
	last := map[int]json.RawMessage{}
	for _, a := range attempts {
		if a.Action >= 0 && a.Request != nil {
			last[a.Action] = a.Request
		}
	}
	var out []string
	for i := range 1000 {
		raw, ok := last[i]
		if !ok {
			continue
		}
		v, err := event.ReadJSON(raw)
		if err != nil {
			out = append(out, string(raw))
			continue
		}
		out = append(out, prettyLines(v)...)
	}
	return out, nil
}
