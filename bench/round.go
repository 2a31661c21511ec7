package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// contender is something that takes events, started afresh for each round.
type contender struct {
	name string
	// start returns the running process and the address that takes events.
	// Actions go to sinkURL.
	start func(ctx context.Context, round int, sinkURL string) (*process, string, error)
	// acts says that the contender carries out actions.
	acts bool
}

// sample is what one round of one contender has shown.
type sample struct {
	Accepted   int     `json:"accepted"`
	Refused    int     `json:"refused"`
	PerSecond  float64 `json:"accepted_per_second"`
	P50        float64 `json:"answer_p50_ms"`
	P99        float64 `json:"answer_p99_ms"`
	CPU        float64 `json:"cpu_ms_per_1000_events"`
	Idle       float64 `json:"idle_rss_mb"`
	Peak       float64 `json:"peak_rss_mb"`
	Expected   int     `json:"actions_expected"`
	Delivered  int     `json:"actions_delivered"`
	Lost       int     `json:"actions_lost"`
	Doubled    int     `json:"actions_doubled"`
	ActionP50  float64 `json:"action_p50_ms"`
	ActionP99  float64 `json:"action_p99_ms"`
	AllSettled float64 `json:"seconds_to_last_action"`
}

// warmUp is the share of events that are sent before the clock starts.
const warmUp = 20

// measureRound runs one contender once.
func (b *bench) measureRound(ctx context.Context, c contender, round int) (*sample, error) {
	actions, err := newSink(ctx)
	if err != nil {
		return nil, err
	}
	defer actions.close()
	p, address, err := c.start(ctx, round, actions.url)
	if err != nil {
		return nil, err
	}
	defer p.stop()

	idle, _, err := p.memory()
	if err != nil {
		return nil, err
	}
	warm, err := deliveries(b.events/warmUp+1, fmt.Sprintf("warm-%d", round), address)
	if err != nil {
		return nil, err
	}
	list, err := deliveries(b.events, fmt.Sprintf("event-%d", round), address)
	if err != nil {
		return nil, err
	}
	if _, err := b.sendAll(ctx, c, actions, address, warm, 0); err != nil {
		return nil, fmt.Errorf("warm up: %w\n%s", err, p.lastWords())
	}
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	seen, err := b.sendAll(ctx, c, actions, address, list, actions.count())
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, p.lastWords())
	}
	settled := time.Since(began)
	after, err := p.cpu()
	if err != nil {
		return nil, err
	}
	_, peak, err := p.memory()
	if err != nil {
		return nil, err
	}
	s := &sample{
		Accepted: seen.accepted, Refused: seen.refused,
		PerSecond: float64(seen.accepted) / seen.took.Seconds(),
		P50:       milliseconds(quantile(seen.latencies, 0.50)),
		P99:       milliseconds(quantile(seen.latencies, 0.99)),
		CPU:       milliseconds(after-before) * 1000 / float64(max(1, seen.accepted)),
		Idle:      megabytes(idle), Peak: megabytes(peak),
		Doubled: actions.duplicates(),
	}
	if c.acts {
		s.countActions(list, seen, actions)
		s.AllSettled = settled.Seconds()
	}
	return s, nil
}

// sendAll sends the deliveries and waits for their actions. Actions that do
// not come are counted later, not an error here.
func (b *bench) sendAll(ctx context.Context, c contender, actions *sink, address string, list []delivery, before int) (*loadResult, error) {
	limited, cancel := context.WithTimeoutCause(ctx, b.limit, errors.New("the load took longer than --limit"))
	defer cancel()
	seen, err := load(limited, address, list, b.connections)
	if err != nil || !c.acts {
		return seen, err
	}
	want := before
	for i, d := range list {
		if d.acted && !seen.sent[i].IsZero() {
			want++
		}
	}
	if err := actions.wait(ctx, want, b.patience); err != nil && !errors.Is(err, errLate) {
		return nil, err
	}
	return seen, nil
}

// countActions compares what came to the sink with what was accepted.
func (s *sample) countActions(list []delivery, seen *loadResult, actions *sink) {
	var took []time.Duration
	for i, d := range list {
		if !d.acted || seen.sent[i].IsZero() {
			continue
		}
		s.Expected++
		if at, ok := actions.arrival(d.id); ok {
			took = append(took, at.Sub(seen.sent[i]))
		}
	}
	slices.Sort(took)
	s.Delivered = len(took)
	s.Lost = s.Expected - s.Delivered
	s.ActionP50 = milliseconds(quantile(took, 0.50))
	s.ActionP99 = milliseconds(quantile(took, 0.99))
}

// quantile returns the value below which the share q of the sorted list lies.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }
