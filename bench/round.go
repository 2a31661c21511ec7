package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/bench/traffic"
)

// contender is something that takes events, started afresh for each round.
type contender struct {
	name string
	// start returns the running processes. Actions go to sinkURL.
	start func(ctx context.Context, round int, sinkURL string) (*fleet, error)
	// acts says that the contender carries out actions.
	acts bool
}

// measured is what one round of one contender has shown.
type measured struct {
	Accepted  int     `json:"accepted"`
	Refused   int     `json:"refused"`
	PerSecond float64 `json:"accepted_per_second"`
	P50       float64 `json:"answer_p50_ms"`
	P99       float64 `json:"answer_p99_ms"`
	CPU       float64 `json:"cpu_ms_per_1000_events"`
	Idle      float64 `json:"idle_rss_mb"`
	Peak      float64 `json:"peak_rss_mb"`
	Expected  int     `json:"actions_expected"`
	Delivered int     `json:"actions_delivered"`
	Lost      int     `json:"actions_lost"`
	Doubled   int     `json:"actions_doubled"`
	ActionP50 float64 `json:"action_p50_ms"`
	ActionP99 float64 `json:"action_p99_ms"`
	// Finished counts the runs that have ended, by what the contender says of
	// itself, from the first event to the last run.
	Finished   float64 `json:"finished_runs_per_second"`
	AllSettled float64 `json:"seconds_to_last_run"`
}

// workload is what one round sends.
type workload struct {
	events     int
	actionEach int // every so manieth event starts an action
}

// warmUp is the share of events that are sent before the clock starts.
const warmUp = 20

// measureRound runs one contender once.
func (b *bench) measureRound(ctx context.Context, c contender, round int, work workload) (*measured, error) {
	actions, err := traffic.NewSink(ctx)
	if err != nil {
		return nil, err
	}
	defer actions.Close()
	f, err := c.start(ctx, round, actions.URL)
	if err != nil {
		return nil, err
	}
	defer f.stop()

	idle, _, err := f.memory()
	if err != nil {
		return nil, err
	}
	warm, err := traffic.Deliveries(work.events/warmUp+1, fmt.Sprintf("warm-%d", round), f.addresses[0], work.actionEach)
	if err != nil {
		return nil, err
	}
	list, err := traffic.Deliveries(work.events, fmt.Sprintf("event-%d", round), f.addresses[0], work.actionEach)
	if err != nil {
		return nil, err
	}
	if _, err := b.sendAll(ctx, c, f, actions, warm); err != nil {
		return nil, fmt.Errorf("warm up: %w\n%s", err, f.lastWords())
	}
	before, err := f.cpu()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	seen, err := b.sendAll(ctx, c, f, actions, list)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, f.lastWords())
	}
	s := &measured{Idle: megabytes(idle), Doubled: actions.Duplicates()}
	s.AllSettled = time.Since(began).Seconds()
	if err := s.take(f, seen, before); err != nil {
		return nil, err
	}
	if c.acts {
		s.countActions(list, seen, actions)
		s.Finished = float64(s.Delivered) / s.AllSettled
	}
	return s, nil
}

// take fills in what the senders and the processes show.
func (s *measured) take(f *fleet, seen *traffic.Result, before time.Duration) error {
	after, err := f.cpu()
	if err != nil {
		return err
	}
	_, peak, err := f.memory()
	if err != nil {
		return err
	}
	s.Accepted, s.Refused = seen.Accepted, seen.Refused
	s.PerSecond = float64(seen.Accepted) / seen.Took.Seconds()
	s.P50 = milliseconds(quantile(seen.Latencies, 0.50))
	s.P99 = milliseconds(quantile(seen.Latencies, 0.99))
	s.CPU = milliseconds(after-before) * 1000 / float64(max(1, seen.Accepted))
	s.Peak = megabytes(peak)
	return nil
}

// sendAll sends the deliveries and waits until their actions have arrived and
// their runs have ended. What does not come is counted later, not an error
// here.
func (b *bench) sendAll(ctx context.Context, c contender, f *fleet, actions *traffic.Sink, list []traffic.Delivery) (*traffic.Result, error) {
	arrived := actions.Count()
	limited, cancel := context.WithTimeoutCause(ctx, b.limit+b.patience, errors.New("events are not answered"))
	defer cancel()
	seen, err := traffic.Load(limited, f.addresses, list, b.connections, b.limit)
	if err != nil || !c.acts {
		return seen, err
	}
	started := 0
	for i, d := range list {
		if d.Acted && !seen.Sent[i].IsZero() {
			started++
		}
	}
	err = actions.Wait(ctx, arrived+started, b.patience)
	if errors.Is(err, traffic.ErrLate) {
		return seen, nil
	}
	if err == nil {
		err = f.awaitFinished(ctx, arrived+started, b.patience)
	}
	return seen, err
}

// countActions compares what came to the sink with what was accepted.
func (s *measured) countActions(list []traffic.Delivery, seen *traffic.Result, actions *traffic.Sink) {
	var took []time.Duration
	for i, d := range list {
		if !d.Acted || seen.Sent[i].IsZero() {
			continue
		}
		s.Expected++
		if at, ok := actions.Arrival(d.ID); ok {
			took = append(took, at.Sub(seen.Sent[i]))
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
