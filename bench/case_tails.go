package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gavel-rules/gavel/bench/process"
	"github.com/gavel-rules/gavel/bench/tails"
	"github.com/gavel-rules/gavel/bench/traffic"
)

// runTails answers: what does it cost intake that people look on?
func runTails(ctx context.Context, b *bench) ([]*report, error) {
	watched := &audience{bench: b}
	r, err := b.compare(ctx, "tails",
		fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop; with %d live tails open, half of them the console's, half the API's, and without",
			b.events, b.connections, 2*tails.OfEach),
		workload{events: b.events, actionEach: traffic.SomeActions}, b.sqliteContender(), watched.contender())
	if err != nil {
		return nil, err
	}
	alone, with := r.Contenders[0].Median, r.Contenders[1].Median
	r.aim("accepted/s with ten live tails to without, ratio of medians", with.PerSecond/alone.PerSecond, tailsSpeed)
	if len(watched.seen) != b.rounds {
		return nil, fmt.Errorf("the readers of %d rounds out of %d told what they saw", len(watched.seen), b.rounds)
	}
	r.Table = &table{Columns: []string{"events shown", "told as more", "MB read", "reader CPU ms/1,000"}}
	for i, s := range watched.seen {
		sent := float64(b.events/warmUp+1) + float64(r.Contenders[1].Rounds[i].Accepted)
		name := fmt.Sprintf("round %d, ", i+1)
		cpu := s.CPU * 1000 / sent
		r.addRow(name+"pages", float64(s.Pages.Shown)/tails.OfEach, float64(s.Pages.More)/tails.OfEach, megabytes(s.Pages.Bytes)/tails.OfEach, cpu)
		r.addRow(name+"API", float64(s.API.Shown)/tails.OfEach, float64(s.API.More)/tails.OfEach, megabytes(s.API.Bytes)/tails.OfEach, cpu)
		if untold := int(sent)*2*tails.OfEach - s.Pages.Shown - s.Pages.More - s.API.Shown - s.API.More; untold != 0 {
			r.note(fmt.Sprintf("round %d: %d of %d events, summed over all tails, were neither shown nor told as more", i+1, untold, int(sent)*2*tails.OfEach))
		}
	}
	r.note("shown, told and MB are per tail; the readers are one process, which takes its processor time from the same cores and parses nothing before the end")
	return []*report{r}, nil
}

// audience opens the tails of each round and keeps what came over them.
type audience struct {
	*bench
	seen []*tails.Seen
}

// contender is gavel on SQLite, looked at.
func (a *audience) contender() contender {
	alone := a.sqliteContender()
	return contender{
		name: "with ten live tails",
		acts: true,
		start: func(ctx context.Context, round int, sinkURL string) (*fleet, error) {
			f, err := alone.start(ctx, round, sinkURL)
			if err != nil {
				return nil, err
			}
			addresses, err := freeAddresses(1)
			if err != nil {
				f.stop()
				return nil, err
			}
			readers, err := process.Start(ctx, process.Program{
				Name: a.self, Args: []string{tails.Role, addresses[0], f.metrics[0]},
				ReadyURL: "http://" + addresses[0] + "/-/ready",
				Log:      filepath.Join(a.dir, fmt.Sprintf("tails-%d.log", round)),
			})
			if err != nil {
				f.stop()
				return nil, err
			}
			clean := f.after
			f.after = func() {
				// The tails have ended with Gavel; now the readers count.
				readers.Stop()
				seen, err := tails.Read(readers)
				if err != nil {
					a.say("tails: %v", errors.Join(err, errors.New(readers.LastWords())))
				} else {
					a.seen = append(a.seen, seen)
				}
				clean()
			}
			return f, nil
		},
	}
}
