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
	// acts says that the contender carries out actions, server that it has a
	// part of its work done by the PostgreSQL server.
	acts, server bool
}

// measured is what one round of one contender has shown.
type measured struct {
	Accepted  int     `json:"accepted"`
	Refused   int     `json:"refused"`
	PerSecond float64 `json:"accepted_per_second"`
	P50       float64 `json:"answer_p50_ms"`
	P99       float64 `json:"answer_p99_ms"`
	CPU       float64 `json:"cpu_ms_per_1000_events"`
	// RunsCPU is the part of CPU that was used when the last run ended; the rest
	// is what was put off.
	RunsCPU float64 `json:"cpu_ms_per_1000_events_to_last_run"`
	// ServerCPU is that of the PostgreSQL server, 0 where it has no part.
	ServerCPU float64 `json:"server_cpu_ms_per_1000_events"`
	Steady    float64 `json:"answer_p99_ms_at_steady_rate"` // 0 where it is not measured
	Ready     float64 `json:"ready_ms"`
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

func (m measured) speed() float64 { return m.PerSecond }

// allCPU is the processor time with that of the server.
func (m measured) allCPU() float64 { return m.CPU + m.ServerCPU }

// workload is what one round sends.
type workload struct {
	events     int
	actionEach int // every so manieth event starts an action
	// steady is how long events are sent at steadyRate afterwards.
	steady time.Duration
	// server counts the processor time of the PostgreSQL server as well.
	server bool
}

// steadyRate is how many events a second are sent to see what an answer takes
// when there is time to spare.
const steadyRate = 500

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
	m := &measured{Idle: megabytes(idle), Ready: milliseconds(f.ready())}
	shot := shot{bench: b, contender: c, fleet: f, actions: actions, round: round, work: work}
	closed := traffic.Pace{Connections: b.connections, Limit: b.limit}
	if _, _, err := shot.send(ctx, "warm", work.events/warmUp+1, closed); err != nil {
		return nil, fmt.Errorf("warm up: %w\n%s", err, f.lastWords())
	}
	if err := m.measure(ctx, &shot, closed); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, f.lastWords())
	}
	if work.steady > 0 {
		if err := m.measureSteady(ctx, &shot); err != nil {
			return nil, fmt.Errorf("at a steady rate: %w\n%s", err, f.lastWords())
		}
	}
	m.Doubled = actions.Duplicates()
	_, peak, err := f.memory()
	m.Peak = megabytes(peak)
	return m, err
}

// shot is one contender that runs, with what it is to be sent.
type shot struct {
	*bench
	contender contender
	fleet     *fleet
	actions   *traffic.Sink
	round     int
	work      workload
}

// send sends new events, and waits until their actions have arrived and their
// runs have ended.
func (s *shot) send(ctx context.Context, what string, events int, pace traffic.Pace) ([]traffic.Delivery, *sent, error) {
	list, err := traffic.Deliveries(events, fmt.Sprintf("%s-%d", what, s.round), s.fleet.addresses[0], s.work.actionEach)
	if err != nil {
		return nil, nil, err
	}
	before, err := s.used(ctx)
	if err != nil {
		return nil, nil, err
	}
	began := time.Now()
	seen, err := s.sendAll(ctx, s.contender, s.fleet, s.actions, list, pace)
	if err != nil {
		return nil, nil, err
	}
	out := &sent{Result: seen, settled: time.Since(began)}
	ended, err := s.fleet.cpu()
	if err != nil {
		return nil, nil, err
	}
	out.toLastRun = ended - before.own
	if err := s.fleet.awaitSettled(ctx, s.patience); err != nil {
		return nil, nil, err
	}
	after, err := s.used(ctx)
	out.cpu = usedCPU{after.own - before.own, after.server - before.server}
	return list, out, err
}

// sent is what sending has shown.
type sent struct {
	*traffic.Result
	settled time.Duration // from the first event to the last run
	cpu     usedCPU       // until nothing was left to do
	// toLastRun is the contender's own processor time in settled.
	toLastRun time.Duration
}

// usedCPU is processor time.
type usedCPU struct{ own, server time.Duration }

func (s *shot) used(ctx context.Context) (used usedCPU, err error) {
	if used.own, err = s.fleet.cpu(); err != nil || !s.work.server || !s.contender.server {
		return used, err
	}
	used.server, err = serverCPU(ctx)
	return used, err
}

// measure sends in a closed loop.
func (m *measured) measure(ctx context.Context, s *shot, pace traffic.Pace) error {
	list, seen, err := s.send(ctx, "event", s.work.events, pace)
	if err != nil {
		return err
	}
	m.Accepted, m.Refused = seen.Accepted, seen.Refused
	m.PerSecond = float64(seen.Accepted) / seen.Took.Seconds()
	m.P50 = milliseconds(quantile(seen.Latencies, 0.50))
	m.P99 = milliseconds(quantile(seen.Latencies, 0.99))
	thousands := float64(max(1, seen.Accepted)) / 1000
	m.CPU = milliseconds(seen.cpu.own) / thousands
	m.RunsCPU = milliseconds(seen.toLastRun) / thousands
	m.ServerCPU = milliseconds(seen.cpu.server) / thousands
	m.AllSettled = seen.settled.Seconds()
	if s.contender.acts {
		took := m.countActions(list, seen.Result, s.actions)
		m.ActionP50 = milliseconds(quantile(took, 0.50))
		m.ActionP99 = milliseconds(quantile(took, 0.99))
		m.Finished = float64(m.Delivered) / m.AllSettled
	}
	return nil
}

// measureSteady sends at a steady rate.
func (m *measured) measureSteady(ctx context.Context, s *shot) error {
	events := max(1, int(s.work.steady.Seconds()*steadyRate))
	pace := traffic.Pace{Connections: s.connections, Limit: s.work.steady + s.limit, PerSecond: steadyRate}
	list, seen, err := s.send(ctx, "steady", events, pace)
	if err != nil {
		return err
	}
	m.Refused += seen.Refused
	m.Steady = milliseconds(quantile(seen.Latencies, 0.99))
	if s.contender.acts {
		m.countActions(list, seen.Result, s.actions)
	}
	return nil
}

// sendAll sends the deliveries and waits until their actions have arrived and
// their runs have ended. What does not come is counted later, not an error
// here.
func (b *bench) sendAll(ctx context.Context, c contender, f *fleet, actions *traffic.Sink, list []traffic.Delivery, pace traffic.Pace) (*traffic.Result, error) {
	arrived := actions.Count()
	limited, cancel := context.WithTimeoutCause(ctx, pace.Limit+b.patience, errors.New("events are not answered"))
	defer cancel()
	seen, err := traffic.Load(limited, f.addresses, list, pace)
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
		err = f.awaitFinished(ctx, b.patience)
	}
	return seen, err
}

// countActions compares what came to the sink with what was accepted, and
// returns how long each action took, sorted.
func (m *measured) countActions(list []traffic.Delivery, seen *traffic.Result, actions *traffic.Sink) []time.Duration {
	var took []time.Duration
	expected := 0
	for i, d := range list {
		if !d.Acted || seen.Sent[i].IsZero() {
			continue
		}
		expected++
		if at, ok := actions.Arrival(d.ID); ok {
			took = append(took, at.Sub(seen.Sent[i]))
		}
	}
	slices.Sort(took)
	m.Expected += expected
	m.Delivered += len(took)
	m.Lost += expected - len(took)
	return took
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
