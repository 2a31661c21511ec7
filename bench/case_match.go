package main

import (
	"context"

	"github.com/gavel-rules/gavel/bench/gobench"
)

// runMatch answers: what does it cost to match one event against many rules,
// to read and check that many, and to play rules over stored events?
func runMatch(ctx context.Context, b *bench) ([]*report, error) {
	match, err := gobench.Run(ctx, "rules", "BenchmarkMatch", b.benchTime)
	if err != nil {
		return nil, err
	}
	load, err := gobench.Run(ctx, "rules", "BenchmarkLoad", b.benchTime)
	if err != nil {
		return nil, err
	}
	backtest, err := gobench.Run(ctx, "rehearse", "BenchmarkBacktest", b.benchTime)
	if err != nil {
		return nil, err
	}
	return []*report{
		matchReport(match), loadReport(load), backtestReport(backtest),
	}, nil
}

func matchReport(lines []gobench.Figures) *report {
	r := newReport("match", "one event against rule sets in memory; a tenth of the rules is about events of its type, with a condition of three comparisons each")
	r.Table = &table{Columns: []string{"µs per event", "events/s", "allocations"}}
	for _, l := range lines {
		r.addRow(l.Name+" rules", l.Nanoseconds/1e3, 1e9/max(l.Nanoseconds, 1), l.ByUnit["allocs/op"])
	}
	few, many := lines[0], lines[len(lines)-1]
	r.aim("match with "+many.Name+" rules to "+few.Name, many.Nanoseconds/max(few.Nanoseconds, 1), matchMany)
	return r
}

func loadReport(lines []gobench.Figures) *report {
	r := newReport("load", "rules files read, checked and compiled")
	r.Table = &table{Columns: []string{"ms", "µs per rule"}}
	for _, l := range lines {
		r.addRow(l.Name+" rules", l.Nanoseconds/1e6, l.Nanoseconds/1e3/max(l.Count(), 1))
	}
	many := lines[len(lines)-1]
	r.aim("µs per rule, of "+many.Name, many.Nanoseconds/1e3/max(many.Count(), 1), loadPerRule)
	return r
}

func backtestReport(lines []gobench.Figures) *report {
	r := newReport("backtest", "eight rules with waits, thresholds and chains over stored events, nearly every one of which starts runs; one core")
	r.Table = &table{Columns: []string{"events/s"}}
	for _, l := range lines {
		r.addRow("back-test", l.ByUnit["events/s"])
	}
	r.aim("events/s of a back-test", lines[0].ByUnit["events/s"], backtestSpeed)
	return r
}
