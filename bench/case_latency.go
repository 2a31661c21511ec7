package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/bench/traffic"
)

// betweenSingles keeps the contender idle before each single event.
const betweenSingles = 10 * time.Millisecond

// singles are how long single events took to reach the sink.
type singles struct {
	answer     []time.Duration // from sending to the answer, which follows the commit
	fromSend   []time.Duration // from sending to the first byte at the sink
	fromAnswer []time.Duration // from the answer to the first byte at the sink
}

// runLatency answers: when nothing else is going on, how long after the commit
// does the action arrive?
func runLatency(ctx context.Context, b *bench) ([]*report, error) {
	r := newReport("latency", fmt.Sprintf("%d single events, each %v after the last one's action; times to the first byte at the sink",
		b.singles, betweenSingles))
	r.Table = &table{Columns: []string{"answer p50 ms", "p99 ms", "sending to sink p50 ms", "p99 ms", "answer to sink p50 ms", "p99 ms"}}
	contenders := []contender{b.sqliteContender()}
	switch note, err := checkServer(ctx); {
	case errors.Is(err, errNoServer):
		r.note("PostgreSQL is left out: " + err.Error())
	case err != nil:
		return nil, err
	default:
		r.note(note)
		contenders = append(contenders, b.postgresContender(1))
	}
	all := make([]singles, len(contenders))
	for round := range b.rounds {
		for i, c := range contenders {
			if err := b.measureSingles(ctx, c, round, (b.singles+b.rounds-1)/b.rounds, &all[i]); err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", c.name, round+1, err)
			}
			b.say("latency: round %d of %d, %s", round+1, b.rounds, c.name)
		}
	}
	for i, c := range contenders {
		var values []float64
		for _, list := range [][]time.Duration{all[i].answer, all[i].fromSend, all[i].fromAnswer} {
			slices.Sort(list)
			values = append(values, milliseconds(quantile(list, 0.50)), milliseconds(quantile(list, 0.99)))
		}
		r.addRow(c.name, values...)
		r.aim(c.name+": ms from the answer to the sink, p99", values[5], latencyAction)
	}
	r.note("the answer leaves after the commit, at the same time as the action: an action that is there before the answer counts as 0")
	return []*report{r}, nil
}

// measureSingles sends events one by one, each after the last one's action.
func (b *bench) measureSingles(ctx context.Context, c contender, round, count int, out *singles) error {
	actions, err := traffic.NewSink(ctx)
	if err != nil {
		return err
	}
	defer actions.Close()
	f, err := c.start(ctx, round, actions.URL)
	if err != nil {
		return err
	}
	defer f.stop()
	warm := count/warmUp + 1
	list, err := traffic.Deliveries(warm+count, fmt.Sprintf("single-%d", round), f.addresses[0], traffic.OnlyActions)
	if err != nil {
		return err
	}
	pause := time.NewTicker(betweenSingles)
	defer pause.Stop()
	for i, d := range list {
		pause.Reset(betweenSingles)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		seen, err := traffic.Load(ctx, f.addresses, list[i:i+1], traffic.Pace{Connections: 1, Limit: b.limit})
		if err == nil {
			err = actions.Wait(ctx, i+1, b.patience)
		}
		if err != nil {
			return fmt.Errorf("event %d: %w\n%s", i+1, err, f.lastWords())
		}
		at, ok := actions.Arrival(d.ID)
		if !ok || seen.Accepted != 1 {
			return fmt.Errorf("event %d: refused, or its action is missing", i+1)
		}
		if i < warm {
			continue
		}
		answered, arrived := seen.Latencies[0], at.Sub(seen.Sent[0])
		out.answer = append(out.answer, answered)
		out.fromSend = append(out.fromSend, arrived)
		out.fromAnswer = append(out.fromAnswer, max(0, arrived-answered))
	}
	return nil
}
